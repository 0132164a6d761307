// The same text for vectors of 8 and of 16: what includes it says which. V0 … V9
// are registers, BYTES is their size, LANES the number of elements. POSITIVE
// clears x where act is not above 0, with V9 as zero. FOLD adds the upper half
// of V0, if that is more than 8 elements, to Y0.

#define NEXT(label) \
	SUBQ $LANES, CX \
	JNZ  label

// SUM adds up the elements of V0 into X0.
#define SUM \
	FOLD                       \
	VEXTRACTF128 $1, Y0, X1    \
	VADDPS       X1, X0, X0    \
	VMOVHLPS     X0, X0, X1    \
	VADDPS       X1, X0, X0    \
	VMOVSHDUP    X0, X1        \
	VADDSS       X1, X0, X0

// y, x *float32, n int, a float32
TEXT AXPY, NOSPLIT, $0-28
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS a+24(FP), V1
	TESTQ        CX, CX
	JZ           done

loop:
	VMOVUPS     (DI), V0
	VFMADD231PS (SI), V1, V0
	VMOVUPS     V0, (DI)
	ADDQ        $BYTES, DI
	ADDQ        $BYTES, SI
	NEXT(loop)

done:
	VZEROUPPER
	RET

// x *float32, n int, a float32
TEXT SCALE, NOSPLIT, $0-20
	MOVQ         x+0(FP), DI
	MOVQ         n+8(FP), CX
	VBROADCASTSS a+16(FP), V1
	TESTQ        CX, CX
	JZ           done

loop:
	VMULPS  (DI), V1, V0
	VMOVUPS V0, (DI)
	ADDQ    $BYTES, DI
	NEXT(loop)

done:
	VZEROUPPER
	RET

// d, act *float32, n int
TEXT MASK, NOSPLIT, $0-24
	MOVQ  d+0(FP), DI
	MOVQ  act+8(FP), SI
	MOVQ  n+16(FP), CX
	VPXOR X9, X9, X9
	TESTQ CX, CX
	JZ    done

loop:
	VMOVUPS (DI), V0
	VMOVUPS (SI), V1
	POSITIVE(V0, V1)
	VMOVUPS V0, (DI)
	ADDQ    $BYTES, DI
	ADDQ    $BYTES, SI
	NEXT(loop)

done:
	VZEROUPPER
	RET

// w, v *float32, n int, rate, momentum float32
TEXT STEP, NOSPLIT, $0-32
	MOVQ         w+0(FP), DI
	MOVQ         v+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS rate+24(FP), V2
	VBROADCASTSS momentum+28(FP), V3
	TESTQ        CX, CX
	JZ           done

loop:
	VMOVUPS      (SI), V1
	VMOVUPS      (DI), V0
	VFNMADD231PS V1, V2, V0
	VMULPS       V1, V3, V1
	VMOVUPS      V0, (DI)
	VMOVUPS      V1, (SI)
	ADDQ         $BYTES, DI
	ADDQ         $BYTES, SI
	NEXT(loop)

done:
	VZEROUPPER
	RET

// x *float32, n int, constants *[12]float32, shift float32; float32
//
// exp(t) = 2^k · exp(r), |r| ≤ log(2)/2, by the polynomial of Cephes (Moshier,
// 1989). Adding 1.5·2^23 rounds t/log(2) to the integer k, which then is in the
// low bits: shifted to the exponent it makes 2^k.
TEXT EXP, NOSPLIT, $0-36
	MOVQ         x+0(FP), DI
	MOVQ         n+8(FP), CX
	VBROADCASTSS shift+24(FP), V7
	VPXOR        X0, X0, X0
	MOVQ         constants+16(FP), AX
	TESTQ        CX, CX
	JZ           done

loop:
	VMOVUPS      (DI), V1
	VSUBPS       V7, V1, V1
	VBROADCASTSS (AX), V2   // least
	VMAXPS       V1, V2, V1 // keeps NaN
	VBROADCASTSS 4(AX), V3  // 1.5·2^23
	VMOVAPS      V3, V4
	VBROADCASTSS 8(AX), V2  // 1/log(2)
	VFMADD231PS  V2, V1, V4
	VSUBPS       V3, V4, V5 // k
	VBROADCASTSS 12(AX), V2 // log(2), upper part
	VFNMADD231PS V2, V5, V1
	VBROADCASTSS 16(AX), V2 // log(2), the rest
	VFNMADD231PS V2, V5, V1 // r
	VBROADCASTSS 20(AX), V3
	VBROADCASTSS 24(AX), V2
	VFMADD213PS  V2, V1, V3
	VBROADCASTSS 28(AX), V2
	VFMADD213PS  V2, V1, V3
	VBROADCASTSS 32(AX), V2
	VFMADD213PS  V2, V1, V3
	VBROADCASTSS 36(AX), V2
	VFMADD213PS  V2, V1, V3
	VBROADCASTSS 40(AX), V2
	VFMADD213PS  V2, V1, V3
	VMULPS       V1, V3, V3
	VFMADD213PS  V1, V1, V3 // r + r²·P(r)
	VBROADCASTSS 44(AX), V2 // 1
	VADDPS       V2, V3, V3
	VPSLLD       $23, V4, V4
	VPADDD       V2, V4, V4 // 2^k
	VMULPS       V4, V3, V3
	VMOVUPS      V3, (DI)
	VADDPS       V3, V0, V0
	ADDQ         $BYTES, DI
	NEXT(loop)

done:
	SUM
	VMOVSS X0, ret+32(FP)
	VZEROUPPER
	RET
