#include "go_asm.h"
#include "textflag.h"

// As in panel_avx512_amd64.s, with four rows to a tile: Y4 … Y11. Y12 and Y13
// tell which columns there are.

#define BEGIN(acc0, acc1) \
	VMASKMOVPS (R12), Y12, acc0   \
	VMASKMOVPS 32(R12), Y13, acc1 \
	ADDQ       R11, R12

#define LOADB \
	VMASKMOVPS (BX), Y12, Y0   \
	VMASKMOVPS 32(BX), Y13, Y1 \
	ADDQ       R10, BX

#define ADDROW(a, acc0, acc1) \
	VBROADCASTSS a, Y2          \
	VFMADD231PS  Y0, Y2, acc0 \
	VFMADD231PS  Y1, Y2, acc1

#define END(acc0, acc1) \
	VMAXPS     acc0, Y3, acc0      \ // keeps NaN
	VMAXPS     acc1, Y3, acc1      \
	VMASKMOVPS acc0, Y12, (R13)   \
	VMASKMOVPS acc1, Y13, 32(R13) \
	ADDQ       R11, R13

// func panelAVX2(p *panel)
TEXT ·panelAVX2(SB), NOSPLIT, $0-8
	MOVQ         p+0(FP), DI
	MOVQ         panel_mask(DI), AX
	VMOVUPS      (AX), Y12
	VMOVUPS      32(AX), Y13
	VBROADCASTSS panel_floor(DI), Y3
	MOVQ         panel_a(DI), R9
	MOVQ         panel_start(DI), R12
	MOVQ         panel_dst(DI), R13
	MOVQ         panel_rows(DI), R14
	MOVQ         panel_aRow(DI), AX
	LEAQ         (AX)(AX*2), CX
	MOVQ         panel_aCol(DI), DX
	MOVQ         panel_bRow(DI), R10

four:
	CMPQ R14, $4
	JLT  one
	MOVQ panel_startStride(DI), R11
	BEGIN(Y4, Y5)
	BEGIN(Y6, Y7)
	BEGIN(Y8, Y9)
	BEGIN(Y10, Y11)
	MOVQ  R9, SI
	LEAQ  (R9)(AX*4), R9
	MOVQ  panel_b(DI), BX
	MOVQ  panel_depth(DI), R11
	TESTQ R11, R11
	JZ    end4

loop4:
	LOADB
	ADDROW((SI), Y4, Y5)
	ADDROW((SI)(AX*1), Y6, Y7)
	ADDROW((SI)(AX*2), Y8, Y9)
	ADDROW((SI)(CX*1), Y10, Y11)
	ADDQ DX, SI
	DECQ R11
	JNZ  loop4

end4:
	MOVQ panel_dstRow(DI), R11
	END(Y4, Y5)
	END(Y6, Y7)
	END(Y8, Y9)
	END(Y10, Y11)
	SUBQ $4, R14
	JMP  four

one:
	DECQ R14
	JLT  done
	MOVQ panel_startStride(DI), R11
	BEGIN(Y4, Y5)
	MOVQ  R9, SI
	ADDQ  AX, R9
	MOVQ  panel_b(DI), BX
	MOVQ  panel_depth(DI), R11
	VPXOR X6, X6, X6 // a second sum: one alone would wait for itself
	VPXOR X7, X7, X7
	SHRQ  $1, R11
	JNC   even1
	LOADB
	ADDROW((SI), Y6, Y7)
	ADDQ  DX, SI

even1:
	TESTQ R11, R11
	JZ    end1

loop1:
	LOADB
	ADDROW((SI), Y4, Y5)
	LOADB
	ADDROW((SI)(DX*1), Y6, Y7)
	LEAQ (SI)(DX*2), SI
	DECQ R11
	JNZ  loop1

end1:
	MOVQ panel_dstRow(DI), R11
	VADDPS Y6, Y4, Y4
	VADDPS Y7, Y5, Y5
	END(Y4, Y5)
	JMP  one

done:
	VZEROUPPER
	RET
