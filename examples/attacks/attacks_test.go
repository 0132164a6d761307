package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
)

// exact are attacks that fail by arithmetic or by a check, however few peers and
// rounds there are: the rest of the table needs more of both.
var exact = []string{
	"own delta again", "delta of the round before", "delta leaked before COMMIT", "bond split among", "dust:", "10,000 newcomers",
	"another's delta", "validator that opens", "1,000 strangers", "a peer says", "changed, malformed", "two entries", "3 of 10 validators vote",
	"4 of 10 validators run", "3 of 10 validators leave", "two reveal", "network in halves", "another history",
}

func TestASmallBatteryFindsWhatIsExact(t *testing.T) {
	var out bytes.Buffer
	ok, err := battery(t.Context(), size{peers: 8, rounds: 3, seeds: 1}, true, &out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var line struct {
		Status string
		Data   struct {
			Pass     bool
			Findings []finding
		}
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Status != "ok" || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Fatalf("%v, want one line of JSON: %.200s", err, &out)
	}
	seen, kept := map[string]bool{}, true
	for _, f := range line.Data.Findings {
		kept = kept && f.Pass
		for _, name := range exact {
			if strings.HasPrefix(f.Attack, name) {
				seen[name] = true
				if !f.Pass || f.Figure == nil {
					t.Errorf("%s: %s is not %s", f.Attack, f.Measured, f.threshold())
				}
			}
		}
	}
	if len(seen) != len(exact) || len(line.Data.Findings) < 50 {
		t.Errorf("%d findings; of those that are exact only %v", len(line.Data.Findings), seen)
	}
	if ok != kept || line.Data.Pass != kept {
		t.Errorf("all pass: %t, and it says %t and %t", kept, ok, line.Data.Pass)
	}
}

func TestAFindingPassesOnlyByItsFigure(t *testing.T) {
	for _, c := range []struct {
		f    finding
		want string
	}{
		{atMost(1, "", "", 1), "pass"}, {atMost(1, "", "", 1.0000001), "MISSED"}, {atMost(1, "", "", math.NaN()), "MISSED"},
		{atLeast(0.99, "", "", 0.99), "pass"}, {atLeast(0.99, "", "", 0.98), "MISSED"}, {atLeast(0, "", "", math.Inf(1)), "MISSED"},
		{reported("", "", 7), ""},
	} {
		if got := c.f.verdict(); got != c.want || c.f.Pass != (got != "MISSED") {
			t.Errorf("%+v: %q, want %q", c.f, got, c.want)
		}
	}
}

func TestByteForByteIsAlwaysCaughtAndNobodyHonestIs(t *testing.T) {
	m, err := likenessOf(t.Context(), size{peers: 9, rounds: 4, seeds: 1}, "iid", 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.rows() {
		honest := strings.HasPrefix(p.What, "honest")
		switch {
		case p.Pairs == 0:
			t.Errorf("%s: no pairs", p.What)
		case honest && (p.Caught > 0 || p.Raw.Most > 0.9):
			t.Errorf("%s: %d of %d taken for copies, cosine up to %.2f", p.What, p.Caught, p.Judged, p.Raw.Most)
		case !honest && (p.What == "copy" || p.What == "copy-99") && (p.Caught < p.Judged || p.Raw.Least < 0.97):
			t.Errorf("%s: %d of %d caught, cosine from %.2f", p.What, p.Caught, p.Judged, p.Raw.Least)
		}
	}
}
