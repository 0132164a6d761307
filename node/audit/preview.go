package audit

import (
	"bytes"
	"maps"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/settle"
	"github.com/grapevine-network/grapevine/ledger"
)

// Preview is the model that the round in flight would lead to if it had exactly
// the given deltas, by author, and all of them passed. It is a guess by which
// nobody is paid: authors that did not commit and deltas that can't be read are
// left out. It is nil if none is left.
func (r *Replica) Preview(revealed map[ledger.Author][]byte) []int32 {
	var deltas []incentives.DeltaPay
	decoded := map[ledger.CID]*delta.Sparse{}
	for _, author := range slices.SortedFunc(maps.Keys(revealed), func(a, b ledger.Author) int { return bytes.Compare(a[:], b[:]) }) {
		c, committed := r.State.Round.Commits[author]
		id := ledger.SumBlob(revealed[author])
		if decoded[id] == nil {
			decoded[id] = r.decode(revealed[author])
		}
		if committed && decoded[id] != nil {
			deltas = append(deltas, incentives.DeltaPay{
				Author: author, Delta: id, Age: slices.Index(r.State.Anchors, c.Base), Bond: c.Bond, Newcomer: c.Work != nil, Counts: true,
			})
		}
	}
	if len(deltas) == 0 {
		return nil
	}
	r.State.Weigh(deltas)
	merged, err := settle.Merge(r.anchor, contributions(deltas, decoded), settle.Q16(r.Manifest.Learning.Alpha))
	if err != nil {
		return nil
	}
	return merged.Anchor
}
