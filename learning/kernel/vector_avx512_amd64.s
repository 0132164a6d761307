#include "textflag.h"

#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define V4 Z4
#define V5 Z5
#define V6 Z6
#define V7 Z7
#define V9 Z9
#define BYTES 64
#define LANES 16
#define AXPY ·axpyAVX512(SB)
#define SCALE ·scaleAVX512(SB)
#define MASK ·maskAVX512(SB)
#define STEP ·stepAVX512(SB)
#define EXP ·expAVX512(SB)

#define POSITIVE(x, act) \
	VCMPPS    $0x1e, Z9, act, K1 \
	VMOVUPS.Z x, K1, x

#define FOLD \
	VEXTRACTF64X4 $1, Z0, Y1  \
	VADDPS        Y1, Y0, Y0

#include "vector_amd64.h"
