package incentives

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// story is a topic from its manifest on: a file of vectors has some.
type story struct {
	Name     string        `json:"name"`
	Manifest hexed         `json:"manifest"`
	Topic    string        `json:"topic"`
	Root     hexed         `json:"root"` // at height 0
	Blocks   []blockVector `json:"blocks"`

	w *town
}

func begin(t *testing.T, name string, change func(m *ledger.Manifest)) *story {
	m := manifest(4, 3)
	m.Rounds.Checkpoint, m.Economy.Unbonding = 4, 8
	change(m)
	data, topic, err := ledger.EncodeManifest(*m)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{Name: name, Manifest: data, Topic: topic.String(), w: newTown(t, m)}
	s.w.real = true
	root := s.w.state.Root()
	s.Root = root[:]
	return s
}

func (s *story) block(entries ...*ledger.Entry) {
	s.Blocks = append(s.Blocks, s.w.record(inOrder(entries)...))
}

func (s *story) idle(n int) {
	for range n {
		s.block()
	}
}

// realBallots are ballots, signed with Ed25519.
func (w *town) realBallots(who int) (a, b *ledger.Ballot) {
	a, b = w.ballots(who)
	for _, x := range []*ledger.Ballot{a, b} {
		copy(x.Sig[:], sign25519(who, x.Vote.Message(w.topic, x.Committee)))
	}
	return a, b
}

// Orders that are funded by others, or not at all; what is taken back, and paid
// back; a fork and a double vote, slashed, with what is left for the payout key.
func openStory(t *testing.T) *story {
	s := begin(t, "orders, unbonding and slashes in an open topic", func(m *ledger.Manifest) {
		m.Economy.Slots, m.Economy.Work = 2, 4
	})
	w := s.w
	s.block(w.send(0, 1, 10), w.send(1, 2, 20), w.send(2, 3, 30), w.send(3, 50, 1), w.send(4, 0, 11), w.send(5, 5, 1), w.send(6, 0, 0))
	s.block(w.say(3, &ledger.Stake{Amount: 39}), w.say(50, &ledger.Stake{Amount: 1}), w.say(4, &ledger.Unbond{Amount: 400}),
		w.say(0, &ledger.Unstake{Amount: 25}), w.say(5, &ledger.Unbond{Amount: 1_001}), w.say(6, &ledger.Bond{Amount: 10}))
	s.block(w.say(1, &ledger.Register{Payout: author(60)}), w.say(2, &ledger.Data{Root: ledger.Hash{1}, Count: 100}), w.stranger(70))
	s.block(w.commit(4), w.commit(5), w.commit(6), w.say(4, &ledger.Register{Payout: author(61)}))
	s.block(w.reveal(4), w.reveal(5), w.reveal(6), w.say(5, &ledger.Unbond{Amount: 1_000}))
	s.block(w.evidence(0, 4), w.say(2, ledger.VoteEvidence(w.realBallots(1))), w.send(3, 4, 1))
	s.block(w.evidence(0, 4), w.say(0, &ledger.Admit{Member: author(9)}))
	s.idle(10)
	s.block(w.end(0, nil), w.end(2, nil), w.end(3, nil))
	s.block(w.send(60, 0, 1))
	return s
}

// stranger is a REGISTER of somebody without an account, with the work it needs.
func (w *town) stranger(who int) *ledger.Entry {
	r := &ledger.Register{Payout: author(who), Round: w.number()}
	for !w.state.Worked(author(who), r.Round, r.Work) {
		r.Work++
	}
	return w.say(who, r)
}

// Members that are admitted and removed, and the end.
func inviteStory(t *testing.T) *story {
	s := begin(t, "members of an invite-only topic", func(m *ledger.Manifest) { m.Economy.Invite = true })
	w := s.w
	s.block(append(each(0, 4, func(i int) *ledger.Entry { return w.admit(i, 50) }), w.say(5, &ledger.Bond{Amount: 1}))...)
	s.block(w.admit(4, 50), w.send(0, 51, 1))
	s.block(w.say(50, &ledger.Stake{Amount: 9}), w.send(1, 50, 9), w.commit(50))
	s.block(each(1, 7, func(i int) *ledger.Entry { return w.say(i, &ledger.Remove{Member: author(0)}) })...)
	s.block(w.end(0, nil), w.end(1, nil), w.end(2, nil), w.end(3, nil))
	s.block(w.end(4, nil), w.end(5, nil), w.send(5, 6, 1))
	successor := ledger.SumNode([]byte("successor"))
	s.block(each(1, 6, func(i int) *ledger.Entry { return w.end(i, &successor) })...)
	s.block(w.send(5, 6, 1))
	return s
}

func TestMoneyMovesAsTheVectorsSay(t *testing.T) {
	stories := []*story{openStory(t), inviteStory(t)}
	if s := stories[0].w.state; s.Closed == nil || len(s.Dues) != 0 || s.Supply.Burnt == 0 {
		t.Errorf("the first ends with %d dues, %d burnt, closed %v", len(s.Dues), s.Supply.Burnt, s.Closed)
	}
	if s := stories[1].w.state; s.Closed == nil || s.Closed.Successor == nil {
		t.Errorf("the second ends with %+v", s.Closed)
	}
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetIndent("", "  ")
	if err := enc.Encode(stories); err != nil {
		t.Fatal(err)
	}
	const path = "../ledger/testdata/vectors/money.json"
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("money.json: this code gives something else")
	}
}
