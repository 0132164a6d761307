package dataset

import (
	"fmt"
	"slices"
)

// natural gives each owner's rows to one peer.
func natural(column string, rows int, owners []string, peers int) ([][]int, error) {
	if len(owners) != rows {
		return nil, fmt.Errorf("%d rows but %d cells of column %q", rows, len(owners), column)
	}
	of := map[string][]int{}
	for r, o := range owners {
		of[o] = append(of[o], r)
	}
	var names []string
	for o := range of {
		names = append(names, o)
	}
	slices.Sort(names)
	if len(names) < peers {
		return nil, fmt.Errorf("column %q has %d owners (%s), fewer than %d peers", column, len(names), list(names), peers)
	}
	if len(names) > peers {
		return enough(grouped(names, of, peers))
	}
	shards := make([][]int, peers)
	for p, o := range names {
		if shards[p] = of[o]; len(of[o]) < leastShard {
			return nil, fmt.Errorf("owner %q has %d rows, want at least %d; with fewer peers owners share one", o, len(of[o]), leastShard)
		}
	}
	return shards, nil
}

// grouped gives whole owners to fewer peers, so that these are about equal (Graham
// 1969).
func grouped(names []string, of map[string][]int, peers int) [][]int {
	slices.SortStableFunc(names, func(a, b string) int { return len(of[b]) - len(of[a]) })
	shards := make([][]int, peers)
	for _, o := range names {
		least := 0
		for p := range shards {
			if len(shards[p]) < len(shards[least]) {
				least = p
			}
		}
		shards[least] = append(shards[least], of[o]...)
	}
	return shards
}
