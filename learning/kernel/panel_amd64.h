// The same text for vectors of 8 and of 16: what includes it says which, and has
// the start of the function. BEGIN, LOADB and END read and write those of the two
// vectors' columns that there are.
//
// SI  a, at the first row of a tile and the current column     AX  bytes from row to row, CX three times that
// R8  the same, four rows below                                 DX  bytes from column to column
// R9  a, at the first row of a tile and the first column
// BX  b, at the current row                                     R10 bytes from row to row
// R12 start, R13 dst: at the next row to be read or written     R11 bytes from row to row, then a counter
// DI  the panel                                                 R14 rows that are left
// V0 and V1 hold a row of b, V2 an element of a, V3 the floor, T0 … T7 a tile: two for each of its rows

#define ADDROW(a, acc0, acc1) \
	VBROADCASTSS a, V2        \
	VFMADD231PS  V0, V2, acc0 \
	VFMADD231PS  V1, V2, acc1

#define SETUP \
	VBROADCASTSS panel_floor(DI), V3  \
	MOVQ         panel_a(DI), R9      \
	MOVQ         panel_start(DI), R12 \
	MOVQ         panel_dst(DI), R13   \
	MOVQ         panel_rows(DI), R14  \
	MOVQ         panel_aRow(DI), AX   \
	LEAQ         (AX)(AX*2), CX       \
	MOVQ         panel_aCol(DI), DX   \
	MOVQ         panel_bRow(DI), R10
