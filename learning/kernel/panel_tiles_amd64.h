// The tiles of four rows and of one, and the end of the function: see panel_amd64.h.

four:
	CMPQ R14, $4
	JLT  one
	MOVQ panel_startStride(DI), R11
	BEGIN(T0, T1)
	BEGIN(T2, T3)
	BEGIN(T4, T5)
	BEGIN(T6, T7)
	MOVQ  R9, SI
	LEAQ  (R9)(AX*4), R9
	MOVQ  panel_b(DI), BX
	MOVQ  panel_depth(DI), R11
	TESTQ R11, R11
	JZ    end4

loop4:
	LOADB
	ADDROW((SI), T0, T1)
	ADDROW((SI)(AX*1), T2, T3)
	ADDROW((SI)(AX*2), T4, T5)
	ADDROW((SI)(CX*1), T6, T7)
	ADDQ DX, SI
	DECQ R11
	JNZ  loop4

end4:
	MOVQ panel_dstRow(DI), R11
	END(T0, T1)
	END(T2, T3)
	END(T4, T5)
	END(T6, T7)
	SUBQ $4, R14
	JMP  four

one:
	DECQ R14
	JLT  done
	MOVQ panel_startStride(DI), R11
	BEGIN(T0, T1)
	MOVQ  R9, SI
	ADDQ  AX, R9
	MOVQ  panel_b(DI), BX
	MOVQ  panel_depth(DI), R11
	CLEAR(T2) // a second sum: one alone would wait for itself
	CLEAR(T3)
	SHRQ  $1, R11
	JNC   even1
	LOADB
	ADDROW((SI), T2, T3)
	ADDQ  DX, SI

even1:
	TESTQ R11, R11
	JZ    end1

loop1:
	LOADB
	ADDROW((SI), T0, T1)
	LOADB
	ADDROW((SI)(DX*1), T2, T3)
	LEAQ (SI)(DX*2), SI
	DECQ R11
	JNZ  loop1

end1:
	MOVQ panel_dstRow(DI), R11
	VADDPS T2, T0, T0
	VADDPS T3, T1, T1
	END(T0, T1)
	JMP  one

done:
	VZEROUPPER
	RET
