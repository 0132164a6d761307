package ledger

// Admit is a member's vote to make Member one, in an invite-only topic.
type Admit struct {
	Member Author `cbor:"member"`
}

// Remove is a member's vote to make Member none any more.
type Remove struct {
	Member Author `cbor:"member"`
}

// End is a vote about the end of the topic. Without a Successor it is to close
// it: from then on nothing moves, and the next block certifies the last state,
// which a successor's manifest can name. In a closed topic it is to say which
// manifest, by CID, is the one that goes on.
type End struct {
	Successor *CID `cbor:"successor"`
}

func (a *Admit) validate() error  { return a.Member.Validate() }
func (r *Remove) validate() error { return r.Member.Validate() }
func (*End) validate() error      { return nil }
