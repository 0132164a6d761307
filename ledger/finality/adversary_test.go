package finality

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/filecoin-project/go-f3/gpbft"

	"github.com/grapevine-network/grapevine/ledger"
)

var schedules = flag.Int("schedules", 100, "schedules that TestNoAdversaryForks draws")

// adversaries are those of go-f3's simulator. Each prepares a court in which
// members 0 to 2 have 30 % of the stake and serve the adversary, who also rules
// the network until gst.
var adversaries = map[string]func(s *schedule){
	"absent":   absent,
	"decide":   decide,
	"deny":     deny,
	"drop":     drop,
	"repeat":   repeat,
	"spam":     spam,
	"withhold": withhold,
}

const (
	servants  = 3 // members 0 to 2
	instances = 3
	gst       = int64(20 * time.Second)
)

// schedule is one court under one adversary, drawn from a seed.
type schedule struct {
	*court
	draw *rand.Rand // the adversary's choices
}

// newSchedule seats 30 % for the adversary and divides the rest unevenly.
func newSchedule(t testing.TB, seed uint64, config func(i int) Config) *schedule {
	draw := rand.New(rand.NewPCG(seed, 0xad))
	stakes, rest := []uint64{100, 100, 100}, uint64(0)
	for rest < 700 {
		stake := min(40+draw.Uint64N(160), 700-rest)
		stakes, rest = append(stakes, stake), rest+stake
	}
	s := &schedule{newCourtOf(t, stakes, 0, seed, config), draw}
	s.hostile, s.tell, s.propose = servants, gst, s.contested
	return s
}

// contested lets the proposer show one block to some and another to others, and
// nothing to the rest; a servant wants what it shows to a victim.
func (s *schedule) contested(p *member) *ledger.Tip {
	switch s.draw.IntN(4) {
	case 0:
		return nil
	case 1:
		return s.tip(p, "rival")
	}
	return s.tip(p, "block")
}

func (s *schedule) tip(p *member, name string) *ledger.Tip {
	height := p.base.Height + 1
	return &ledger.Tip{Height: height, Block: ledger.SumNode(fmt.Append(nil, name, height)), Committee: s.committee.CID()}
}

func (s *schedule) serves(p *member) bool { return p.id < servants }

// verdict fails if two honest members decided differently, or one decided less
// than all instances although the network has been good since gst.
func (s *schedule) verdict(t *testing.T, seed uint64) {
	honest := s.members[servants:]
	for _, p := range honest {
		for i, d := range p.decided {
			for _, q := range honest {
				if i < len(q.decided) && q.decided[i].Head() != d.Head() {
					t.Fatalf("seed %d: instance %d: members %d and %d decided different heads", seed, i+1, p.id, q.id)
				}
			}
		}
		if len(p.decided) < instances {
			t.Errorf("seed %d: member %d decided %d of %d instances", seed, p.id, len(p.decided), instances)
		}
	}
}

// The two promises of consensus under each adversary: no fork ever, and
// decisions once the network is good.
func TestNoAdversaryForks(t *testing.T) {
	for name, prepare := range adversaries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range max(1, *schedules/len(adversaries)) {
				seed, signer := uint64(i), fake
				if i%20 == 0 {
					signer = config
				}
				s := newSchedule(t, seed, signer)
				prepare(s)
				s.run(instances, 30*time.Minute)
				s.verdict(t, seed)
				if name == "decide" && s.blamed == 0 {
					t.Errorf("seed %d: nobody noticed that the decision is forged", seed)
				}
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

// fake is config with a signature that costs a hash, and that anybody could
// forge: no adversary here does.
func fake(i int) Config {
	c := config(i)
	sign := func(author ledger.Author, message []byte) []byte {
		sum := sha256.Sum256(slices.Concat(author[:], message))
		return append(sum[:], sum[:]...)
	}
	author := c.Author
	c.Sign = func(message []byte) []byte { return sign(author, message) }
	c.Verify = func(author ledger.Author, message, sig []byte) bool {
		return string(sig) == string(sign(author, message))
	}
	return c
}

// absent: the servants never speak.
func absent(s *schedule) { s.down = servants }

// deny: nothing reaches or leaves some members, of any stake, until gst.
func deny(s *schedule) {
	mode, targets := s.draw.IntN(3), map[*member]bool{}
	for _, p := range s.members {
		targets[p] = s.draw.IntN(2) == 0
	}
	s.wire = func(from, to *member, _ []byte) bool {
		return s.now > gst || mode == 0 && !targets[from] || mode == 1 && !targets[to] || mode == 2 && targets[from] == targets[to]
	}
}

// drop: each message is lost with some chance, until gst.
func drop(s *schedule) {
	chance := s.draw.Float64()
	s.wire = func(_, _ *member, _ []byte) bool { return s.now > gst || s.draw.Float64() > chance }
}

// repeat: the servants say again what anybody said, several times, much later.
func repeat(s *schedule) {
	s.wire = func(from, to *member, frame []byte) bool {
		if s.serves(to) && s.draw.IntN(4) == 0 {
			for range 1 + s.draw.IntN(3) {
				victim := s.members[servants+s.draw.IntN(len(s.members)-servants)]
				s.push(event{at: s.now + s.draw.Int64N(10e9), to: victim, frame: frame})
			}
		}
		return true
	}
}

// spam: at the start of each instance the servants vote in all rounds to come,
// for anything that needs no reason.
func spam(s *schedule) {
	s.propose = func(p *member) *ledger.Tip {
		if s.serves(p) {
			for round := range uint64(6) {
				for _, phase := range []gpbft.Phase{gpbft.QUALITY_PHASE, gpbft.PREPARE_PHASE, gpbft.COMMIT_PHASE} {
					s.sendVote(p, ledger.Vote{Instance: p.Instance(), Round: round, Phase: uint8(phase), Base: &p.base, Next: s.contested(p)}, nil)
					s.sendVote(p, ledger.Vote{Instance: p.Instance(), Round: round, Phase: uint8(phase)}, nil)
				}
			}
		}
		return s.contested(p)
	}
}

// decide: the servants claim a decision to every other member, with a quorum of
// signers but only their own signatures, repeated.
func decide(s *schedule) {
	s.wire = func(from, to *member, frame []byte) bool {
		return !s.serves(from) || to.id%2 == 0 || mustFrame(s.t, frame).Vote.Phase != uint8(gpbft.DECIDE_PHASE)
	}
	s.propose = func(p *member) *ledger.Tip {
		if s.serves(p) {
			rival := s.tip(p, "rival")
			why := &Why{Phase: uint8(gpbft.COMMIT_PHASE), Base: &p.base, Next: rival, Signers: s.everybody()}
			commit := s.sign(p, ledger.Vote{Instance: p.Instance(), Phase: why.Phase, Base: &p.base, Next: rival})
			for range s.members {
				why.Sigs = append(why.Sigs, commit...)
			}
			s.sendVote(p, ledger.Vote{Instance: p.Instance(), Phase: uint8(gpbft.DECIDE_PHASE), Base: &p.base, Next: rival}, why)
		}
		return s.contested(p)
	}
}

// withhold: the servants and victims with 40 % want the rival, and hear of
// nothing else; the servants' COMMIT reaches one victim only, who alone could
// decide.
func withhold(s *schedule) {
	victims, power := map[*member]bool{}, uint64(0)
	var first *member
	for _, p := range s.members[servants:] {
		if power < 400 {
			first = or(first, p)
			victims[p] = true
			power += s.committee[s.committee.Seat(p.cfg.Author)].Stake
		}
	}
	s.propose = func(p *member) *ledger.Tip {
		if s.serves(p) || victims[p] {
			return s.tip(p, "rival")
		}
		return s.tip(p, "block")
	}
	s.wire = func(from, to *member, frame []byte) bool {
		vote := mustFrame(s.t, frame).Vote
		dissents := vote.Next == nil || *vote.Next != *s.tip(&member{Machine: &Machine{base: *or(vote.Base, &ledger.Tip{})}}, "rival")
		switch gpbft.Phase(vote.Phase) {
		case gpbft.QUALITY_PHASE, gpbft.PREPARE_PHASE:
			return s.now > gst || !dissents || !victims[to] && !s.serves(to)
		case gpbft.COMMIT_PHASE:
			return s.now > gst || (to == first || !s.serves(from)) && (to != first || !dissents)
		}
		return true
	}
}

func or[T any](p, otherwise *T) *T {
	if p == nil {
		return otherwise
	}
	return p
}

// everybody is the bits of all seats.
func (s *schedule) everybody() []byte {
	bits := make([]byte, (len(s.committee)+7)/8)
	for i := range s.committee {
		bits[i/8] |= 1 << (i % 8)
	}
	return bits
}

// sign is p's signature under a vote that its own machine need not know of.
func (s *schedule) sign(p *member, v ledger.Vote) []byte {
	message := payload(v.Instance, v.Round, v.Phase, s.committee.CID(), v.Base, v.Next)
	return p.cfg.Sign(message.MarshalForSigning((*host)(p.Machine).NetworkName()))
}

func (s *schedule) sendVote(p *member, v ledger.Vote, why *Why) {
	f := Frame{Sender: uint64(p.id), Vote: v, Committee: s.committee.CID(), Sig: s.sign(p, v), Why: why}
	data, err := ledger.Encode(f)
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(p, data)
}
