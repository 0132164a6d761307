#include "go_asm.h"
#include "textflag.h"

// K1 and K2 tell which columns there are. First come tiles of eight rows: Z8 … Z23.

#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define T0 Z8
#define T1 Z9
#define T2 Z10
#define T3 Z11
#define T4 Z12
#define T5 Z13
#define T6 Z14
#define T7 Z15

#define BEGIN(acc0, acc1) \
	VMOVUPS.Z (R12), K1, acc0   \
	VMOVUPS.Z 64(R12), K2, acc1 \
	ADDQ      R11, R12

#define LOADB \
	VMOVUPS.Z (BX), K1, Z0   \
	VMOVUPS.Z 64(BX), K2, Z1 \
	ADDQ      R10, BX

#define END(acc0, acc1) \
	VMAXPS  acc0, Z3, acc0     \ // keeps NaN
	VMAXPS  acc1, Z3, acc1     \
	VMOVUPS acc0, K1, (R13)   \
	VMOVUPS acc1, K2, 64(R13) \
	ADDQ    R11, R13

#define CLEAR(x) \
	VPXORD x, x, x

#include "panel_amd64.h"

// func panelAVX512(p *panel)
TEXT ·panelAVX512(SB), NOSPLIT, $0-8
	MOVQ         p+0(FP), DI
	MOVQ         panel_width(DI), CX
	MOVQ         $1, AX
	SHLQ         CX, AX
	DECQ         AX
	KMOVW        AX, K1
	SHRQ         $16, AX
	KMOVW        AX, K2
	SETUP

eight:
	CMPQ R14, $8
	JLT  four
	MOVQ panel_startStride(DI), R11
	BEGIN(Z8, Z9)
	BEGIN(Z10, Z11)
	BEGIN(Z12, Z13)
	BEGIN(Z14, Z15)
	BEGIN(Z16, Z17)
	BEGIN(Z18, Z19)
	BEGIN(Z20, Z21)
	BEGIN(Z22, Z23)
	MOVQ  R9, SI
	LEAQ  (R9)(AX*4), R8
	LEAQ  (R9)(AX*8), R9
	MOVQ  panel_b(DI), BX
	MOVQ  panel_depth(DI), R11
	TESTQ R11, R11
	JZ    end8
	CMPQ  panel_width(DI), $16
	JLE   narrow8

loop8:
	LOADB
	ADDROW((SI), Z8, Z9)
	ADDROW((SI)(AX*1), Z10, Z11)
	ADDROW((SI)(AX*2), Z12, Z13)
	ADDROW((SI)(CX*1), Z14, Z15)
	ADDROW((R8), Z16, Z17)
	ADDROW((R8)(AX*1), Z18, Z19)
	ADDROW((R8)(AX*2), Z20, Z21)
	ADDROW((R8)(CX*1), Z22, Z23)
	ADDQ DX, SI
	ADDQ DX, R8
	DECQ R11
	JNZ  loop8
	JMP  end8

narrow8: // the second vector of each row is empty
	VMOVUPS.Z        (BX), K1, Z0
	VFMADD231PS.BCST (SI), Z0, Z8
	VFMADD231PS.BCST (SI)(AX*1), Z0, Z10
	VFMADD231PS.BCST (SI)(AX*2), Z0, Z12
	VFMADD231PS.BCST (SI)(CX*1), Z0, Z14
	VFMADD231PS.BCST (R8), Z0, Z16
	VFMADD231PS.BCST (R8)(AX*1), Z0, Z18
	VFMADD231PS.BCST (R8)(AX*2), Z0, Z20
	VFMADD231PS.BCST (R8)(CX*1), Z0, Z22
	ADDQ R10, BX
	ADDQ DX, SI
	ADDQ DX, R8
	DECQ R11
	JNZ  narrow8

end8:
	MOVQ panel_dstRow(DI), R11
	END(Z8, Z9)
	END(Z10, Z11)
	END(Z12, Z13)
	END(Z14, Z15)
	END(Z16, Z17)
	END(Z18, Z19)
	END(Z20, Z21)
	END(Z22, Z23)
	SUBQ $8, R14
	JMP  eight

#include "panel_tiles_amd64.h"
