package ledger

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// amounts are those at which arithmetic goes wrong.
var amounts = []uint64{0, 1, 2, math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64}

// moving has a body of each kind that names an amount.
func moving(amount uint64) []any {
	return []any{
		&Transfer{key(8).author(), amount}, &Bond{amount}, &Unbond{amount}, &Stake{amount}, &Unstake{amount},
	}
}

func randomMoney(rng *rand.Rand, h Hash) any {
	amount := rng.Uint64() >> (1 + rng.IntN(63))
	if rng.IntN(2) == 0 {
		all := moving(amount)
		return all[rng.IntN(len(all))]
	}
	who, name := key(rng.IntN(5)).author(), SumNode(h[:])
	return []any{
		&Register{who, rng.Uint64(), rng.Uint64()}, &Data{h, amount, h}, &Admit{who}, &Remove{who}, &End{&name}, &End{},
	}[rng.IntN(6)]
}

func TestAnAmountHas63Bits(t *testing.T) {
	for _, amount := range amounts {
		for _, b := range moving(amount) {
			_, err := Sign(key(1).sign, key(1).author(), topic, 0, topic, b)
			if (err == nil) != (amount <= math.MaxInt64) {
				t.Errorf("%T of %d: %v", b, amount, err)
			}
			data := must1[[]byte](t)(Encode(b))
			if _, err := decodeBody(must1[Kind](t)(kindOf(b)), data); (err == nil) != (amount <= math.MaxInt64) || err != nil && !errors.Is(err, ErrNotCanonical) {
				t.Errorf("%T of %d, read: %v", b, amount, err)
			}
		}
	}
}

func TestNobodyIsNamedByAKeyOfSmallOrder(t *testing.T) {
	small := Author{0: 1}
	for _, b := range []any{&Register{Payout: small}, &Transfer{To: small, Amount: 1}, &Admit{small}, &Remove{small}} {
		if _, err := Sign(key(1).sign, key(1).author(), topic, 0, topic, b); err == nil {
			t.Errorf("%T: signed", b)
		}
		if _, err := decodeBody(must1[Kind](t)(kindOf(b)), must1[[]byte](t)(Encode(b))); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%T: %v", b, err)
		}
	}
}

func TestEveryKindHasAVector(t *testing.T) {
	seen := map[Kind]bool{}
	for _, b := range bodies() {
		seen[must1[Kind](t)(kindOf(b))] = true
	}
	for _, k := range Kinds() {
		if !seen[k] {
			t.Errorf("%v has none", k)
		}
	}
	if got := fmt.Sprint(Kind(0), Kind(16)); got != "KIND-0 KIND-16" {
		t.Errorf("unknown kinds are called %s", got)
	}
}
