package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAModelLeadsBackToTheFirst(t *testing.T) {
	dir, h := aHome(t)
	file := filepath.Join(t.TempDir(), "model.car")
	got := answer[lineageReport](t, "model", "lineage", "--home", dir, "--out", file)
	if got.Anchor != h.report.Anchor || len(got.Steps) == 0 || got.Steps[0].Before != got.First || got.From != 0 {
		t.Fatalf("got %+v", got)
	}
	deltas := 0
	for i, s := range got.Steps {
		share := uint64(0)
		for _, d := range s.Deltas {
			share += d.Share
			e := answer[showReport](t, "ledger", "show", d.Reveal, "--home", dir)
			if e.Entry.Author != d.Author || e.Entry.Body["delta"] != d.Delta || d.Data != nil {
				t.Errorf("%+v is not what its REVEAL says: %+v", d, e.Entry)
			}
		}
		if i > 0 && s.Before != got.Steps[i-1].After || share < 999_000 || share > 1_000_000 {
			t.Errorf("step %d: %+v", i, s)
		}
		deltas += len(s.Deltas)
	}
	if got.Steps[len(got.Steps)-1].After != got.Anchor || got.Deltas != deltas {
		t.Errorf("it does not end with the model, or %d deltas are not %d", got.Deltas, deltas)
	}
	checked := answer[provenReport](t, "verify", file)
	if checked.Ledger.Anchor != got.Anchor || got.Bundle.Height != checked.Height {
		t.Errorf("the bundle leads to %s", checked.Ledger.Anchor)
	}
	middle := got.Steps[0].After
	older := answer[lineageReport](t, "model", "lineage", middle[:40], "--home", dir, "--out", file)
	if older.Anchor != middle || len(older.Steps) != 1 {
		t.Errorf("the first step: %+v", older)
	}
	if checked := answer[provenReport](t, "verify", file); checked.Ledger.Anchor != middle {
		t.Errorf("its bundle leads to %s, want %s", checked.Ledger.Anchor, middle)
	}
	refused(t, codeFailed, "model", "lineage", "bafkreinone", "--home", dir)
	if o := grapevine("model", "lineage", "--home", dir); !strings.Contains(o.out, "REVEAL "+shortened(got.Steps[0].Deltas[0].Reveal)) {
		t.Errorf("the text lacks an entry:\n%s", o.out)
	}
}

func TestWhatAPeerEarnedIsExplained(t *testing.T) {
	dir, h := aHome(t)
	for _, line := range h.report.Rewards {
		e := answer[peerReport](t, "explain", line.Alias, "--home", dir)
		if e.Training != line.Training || e.Validating != line.Validating || e.Peer != line.Peer {
			t.Errorf("%s: explained %d and %d, earned %d and %d", line.Alias, e.Training, e.Validating, line.Training, line.Validating)
		}
		for _, r := range e.Rounds {
			for _, d := range r.Deltas {
				one := answer[explainReport](t, "explain", d.Delta, "--home", dir)
				if len(one.Deltas) != 1 || one.Deltas[0].Author != line.Peer || one.Round != r.Round || one.Deltas[0].Paid != d.Paid {
					t.Errorf("delta %s: %+v", d.Delta, one.Deltas)
				}
				if score := answer[showReport](t, "ledger", "show", d.Opinions[0].Entry, "--home", dir); score.Entry.Kind != "SCORE" || score.Entry.Author != d.Opinions[0].Validator {
					t.Errorf("an opinion of %s is proved by %+v", d.Opinions[0].Alias, score.Entry)
				}
			}
		}
	}
	refused(t, codeFailed, "explain", "bafkreinothing", "--home", dir)
	refused(t, codeUsage, "explain", "nobody", "--home", dir)
	if o := grapevine("explain", h.report.Rewards[0].Alias, "--home", dir); !strings.Contains(o.out, "earned by training") {
		t.Errorf("the text is %q", o.out)
	}
}
