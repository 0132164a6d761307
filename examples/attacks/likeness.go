package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// alike prints how alike honest deltas of different authors are, and copies with
// their originals, on models that learn as they do in a topic.
func alike(ctx context.Context, s size, asJSON bool, out, progress io.Writer) (bool, error) {
	var all []*pairs
	for _, data := range []string{"iid", "dirichlet:1", "dirichlet:0.1"} {
		for _, keep := range []uint64{16, 32, 128} {
			m, err := likenessOf(ctx, s, data, keep)
			if err != nil {
				return false, err
			}
			all = append(all, m.rows()...)
			fmt.Fprintf(progress, "%s, %d of 1,024\n", data, keep)
		}
	}
	if asJSON {
		return true, answer(out, map[string]any{"peers": s.peers, "rounds": s.rounds, "seeds": s.seeds, "pairs": all})
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "data\tkept\tof\tpairs\traw least\tmedian\tmost\tcentred least\tmedian\tmost\tcaught\t")
	for _, p := range all {
		r, c := p.Raw, p.Centred
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d of %d\t\n",
			p.Data, p.Keep, p.What, p.Pairs, r.Least, r.Median, r.Most, c.Least, c.Median, c.Most, p.Caught, p.Judged)
	}
	return true, w.Flush()
}

// likenessOf compares the deltas of honest worlds whose model has 25,450
// parameters.
func likenessOf(ctx context.Context, s size, data string, keep uint64) (*museum, error) {
	m := newMuseum(data, keep)
	for seed := range uint64(s.seeds) { // one after the other: each has its own archive
		c, err := stage(s, data, nil)
		if err != nil {
			return nil, err
		}
		var codec delta.Codec
		form := found(s, "mlp:32", func(m *ledger.Manifest) { m.Learning.Keep = keep })
		c.Seeds, c.Seed = 1, c.Seed+seed
		c.Found = func(seed uint64, d *lab.Data, members []ledger.Member) (manifest, anchor []byte, err error) {
			manifest, anchor, err = form(seed, d, members)
			if err != nil {
				return nil, nil, err
			}
			rules, _, err := ledger.DecodeManifest(manifest)
			if err == nil {
				codec = audit.CodecOf(rules)
			}
			return manifest, anchor, err
		}
		m.past = nil
		c.Ended = func(e lab.Ended) { m.round(codec, e) }
		if err := play(ctx, c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
