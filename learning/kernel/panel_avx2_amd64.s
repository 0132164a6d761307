#include "go_asm.h"
#include "textflag.h"

// Y12 and Y13 tell which columns there are.

#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define T0 Y4
#define T1 Y5
#define T2 Y6
#define T3 Y7
#define T4 Y8
#define T5 Y9
#define T6 Y10
#define T7 Y11

#define BEGIN(acc0, acc1) \
	VMASKMOVPS (R12), Y12, acc0   \
	VMASKMOVPS 32(R12), Y13, acc1 \
	ADDQ       R11, R12

#define LOADB \
	VMASKMOVPS (BX), Y12, Y0   \
	VMASKMOVPS 32(BX), Y13, Y1 \
	ADDQ       R10, BX

#define END(acc0, acc1) \
	VMAXPS     acc0, Y3, acc0      \ // keeps NaN
	VMAXPS     acc1, Y3, acc1      \
	VMASKMOVPS acc0, Y12, (R13)   \
	VMASKMOVPS acc1, Y13, 32(R13) \
	ADDQ       R11, R13

#define CLEAR(x) \
	VPXOR x, x, x

#include "panel_amd64.h"

// func panelAVX2(p *panel)
TEXT ·panelAVX2(SB), NOSPLIT, $0-8
	MOVQ         p+0(FP), DI
	MOVQ         panel_mask(DI), AX
	VMOVUPS      (AX), Y12
	VMOVUPS      32(AX), Y13
	SETUP

#include "panel_tiles_amd64.h"
