#include "textflag.h"

#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define V4 Y4
#define V5 Y5
#define V6 Y6
#define V7 Y7
#define V9 Y9
#define BYTES 32
#define LANES 8
#define AXPY ·axpyAVX2(SB)
#define SCALE ·scaleAVX2(SB)
#define MASK ·maskAVX2(SB)
#define STEP ·stepAVX2(SB)
#define EXP ·expAVX2(SB)

#define POSITIVE(x, act) \
	VCMPPS $0x1e, Y9, act, Y8 \
	VANDPS Y8, x, x

#define FOLD

#include "vector_amd64.h"
