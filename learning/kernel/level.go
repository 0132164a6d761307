package kernel

// level is a set of instructions.
type level int

const (
	portable level = iota // Go alone
	avx2                  // with FMA: vectors of 8
	avx512                // AVX-512 F: vectors of 16
)

func (l level) String() string { return [...]string{"portable", "AVX2", "AVX-512"}[l] }

// active is the best that this processor has. Tests change it; for a program it
// can be lowered with GODEBUG=cpu.avx512f=off and cpu.avx2=off.
var active = best()
