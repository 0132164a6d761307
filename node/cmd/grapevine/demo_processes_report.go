package main

import (
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// report reads the homes that the peers have left.
func (f *fleet) report() (*demoReport, error) {
	all, err := f.views()
	if err != nil {
		return nil, err
	}
	r := f.reportState(all[0].report.Replica)
	r.Agreement = agreeing(all)
	return r, nil
}

// view is what one home says after its peer has ended.
type view struct {
	report *node.Report
	blocks []ledger.CID // by height
}

// views reads all homes, and in the first who has earned what.
func (f *fleet) views() (out []view, err error) {
	for i, p := range f.all {
		var v view
		v.report, err = node.Replay(p.home, func(h *node.Height) error {
			v.blocks = append(v.blocks, h.Block.CID())
			if i == 0 {
				return f.earned.visit(h)
			}
			return nil
		})
		if err != nil {
			return nil, readFailure(p.home, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// agreeing tells whether all hold the same blocks up to the least height, and so
// the same models and balances: a block carries the state before it.
func agreeing(all []view) bool {
	first := all[0].blocks
	return !slices.ContainsFunc(all, func(v view) bool {
		both := min(len(first), len(v.blocks))
		return !slices.Equal(v.blocks[:both], first[:both])
	})
}
