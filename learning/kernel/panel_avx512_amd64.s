#include "go_asm.h"
#include "textflag.h"

// SI  a, at the first row of a tile and the current column     AX  bytes from row to row, CX three times that
// R8  the same, four rows below                                 DX  bytes from column to column
// R9  a, at the first row of a tile and the first column
// BX  b, at the current row                                     R10 bytes from row to row
// R12 start, R13 dst: at the next row to be read or written     R11 bytes from row to row, then a counter
// DI  the panel                                                 R14 rows that are left
// Z0 and Z1 hold a row of b, Z2 an element of a, Z3 the floor, Z8 … Z23 the tile: two for each of its rows.
// K1 and K2 tell which columns of the two there are.

#define BEGIN(acc0, acc1) \
	VMOVUPS.Z (R12), K1, acc0   \
	VMOVUPS.Z 64(R12), K2, acc1 \
	ADDQ      R11, R12

#define LOADB \
	VMOVUPS.Z (BX), K1, Z0   \
	VMOVUPS.Z 64(BX), K2, Z1 \
	ADDQ      R10, BX

#define ADDROW(a, acc0, acc1) \
	VBROADCASTSS a, Z2          \
	VFMADD231PS  Z0, Z2, acc0 \
	VFMADD231PS  Z1, Z2, acc1

#define END(acc0, acc1) \
	VMAXPS  acc0, Z3, acc0     \ // keeps NaN
	VMAXPS  acc1, Z3, acc1     \
	VMOVUPS acc0, K1, (R13)   \
	VMOVUPS acc1, K2, 64(R13) \
	ADDQ    R11, R13

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
	VBROADCASTSS panel_floor(DI), Z3
	MOVQ         panel_a(DI), R9
	MOVQ         panel_start(DI), R12
	MOVQ         panel_dst(DI), R13
	MOVQ         panel_rows(DI), R14
	MOVQ         panel_aRow(DI), AX
	LEAQ         (AX)(AX*2), CX
	MOVQ         panel_aCol(DI), DX
	MOVQ         panel_bRow(DI), R10

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

four:
	CMPQ R14, $4
	JLT  one
	MOVQ panel_startStride(DI), R11
	BEGIN(Z8, Z9)
	BEGIN(Z10, Z11)
	BEGIN(Z12, Z13)
	BEGIN(Z14, Z15)
	MOVQ  R9, SI
	LEAQ  (R9)(AX*4), R9
	MOVQ  panel_b(DI), BX
	MOVQ  panel_depth(DI), R11
	TESTQ R11, R11
	JZ    end4

loop4:
	LOADB
	ADDROW((SI), Z8, Z9)
	ADDROW((SI)(AX*1), Z10, Z11)
	ADDROW((SI)(AX*2), Z12, Z13)
	ADDROW((SI)(CX*1), Z14, Z15)
	ADDQ DX, SI
	DECQ R11
	JNZ  loop4

end4:
	MOVQ panel_dstRow(DI), R11
	END(Z8, Z9)
	END(Z10, Z11)
	END(Z12, Z13)
	END(Z14, Z15)
	SUBQ $4, R14

one:
	DECQ R14
	JLT  done
	MOVQ panel_startStride(DI), R11
	BEGIN(Z8, Z9)
	MOVQ  R9, SI
	ADDQ  AX, R9
	MOVQ  panel_b(DI), BX
	MOVQ  panel_depth(DI), R11
	VPXOR X10, X10, X10 // a second sum: one alone would wait for itself
	VPXOR X11, X11, X11
	SHRQ  $1, R11
	JNC   even1
	LOADB
	ADDROW((SI), Z10, Z11)
	ADDQ  DX, SI

even1:
	TESTQ R11, R11
	JZ    end1

loop1:
	LOADB
	ADDROW((SI), Z8, Z9)
	LOADB
	ADDROW((SI)(DX*1), Z10, Z11)
	LEAQ (SI)(DX*2), SI
	DECQ R11
	JNZ  loop1

end1:
	MOVQ panel_dstRow(DI), R11
	VADDPS Z10, Z8, Z8
	VADDPS Z11, Z9, Z9
	END(Z8, Z9)
	JMP  one

done:
	VZEROUPPER
	RET
