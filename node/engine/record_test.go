package engine

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

func TestAFinalBlockReadsBack(t *testing.T) {
	want := mustBlock(t, testTopic, 3)
	b, c, err := DecodeFinal(encodeFinal(want, certificateOf(want)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(b, want) || !reflect.DeepEqual(c, certificateOf(want)) {
		t.Errorf("got %+v, %+v", b, c)
	}
}

func TestABlockIsFinalByItsOwnCertificateOnly(t *testing.T) {
	b := mustBlock(t, testTopic, 3)
	cases := map[string]func(c *ledger.Certificate){
		"of the base":       func(c *ledger.Certificate) { c.Next = nil },
		"of another block":  func(c *ledger.Certificate) { c.Next.Block = testTopic },
		"of another height": func(c *ledger.Certificate) { c.Next.Height++ },
		"of nobody":         func(c *ledger.Certificate) { c.Signers = nil },
	}
	for name, change := range cases {
		c := certificateOf(b)
		change(c)
		if _, _, err := DecodeFinal(encodeFinal(b, c)); !errors.Is(err, ledger.ErrNotCanonical) {
			t.Errorf("%s: %v, want ErrNotCanonical", name, err)
		}
	}
	for name, f := range map[string]Final{
		"no block":       {Certificate: mustEncode(certificateOf(b))},
		"no certificate": {Block: b.Bytes()},
		"swapped":        {Block: mustEncode(certificateOf(b)), Certificate: b.Bytes()},
	} {
		if _, _, err := DecodeFinal(mustEncode(f)); !errors.Is(err, ledger.ErrNotCanonical) {
			t.Errorf("%s: %v, want ErrNotCanonical", name, err)
		}
	}
}

func TestAMemoReadsBack(t *testing.T) {
	base, delta := ledger.SumBlob([]byte("base")), ledger.SumBlob([]byte("delta"))
	for _, want := range []Memo{
		{Round: 3, Base: &base, Delta: &delta, Scores: []ledger.Score{}},
		{Round: 4, Scores: []ledger.Score{{Delta: 2, U: -256, SE: 512}}, Sealed: true},
	} {
		var got Memo
		if err := ledger.Decode(mustEncode(want), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	}
}

func FuzzDecodeFinal(f *testing.F) {
	b := mustBlock(f, testTopic, 2)
	f.Add(encodeFinal(b, certificateOf(b)))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, c, err := DecodeFinal(data)
		if err != nil {
			return
		}
		if again := encodeFinal(b, c); !bytes.Equal(again, data) {
			t.Errorf("%x became %x", data, again)
		}
	})
}
