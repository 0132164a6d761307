package finality

import (
	"container/heap"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
)

// court is a committee in virtual time: one goroutine, one queue, one seed.
type court struct {
	t         testing.TB
	now       int64
	seq       int
	rng       *rand.Rand
	queue     queue
	members   []*member
	committee ledger.Committee
	topic     ledger.CID
	down      int    // members 0 to down-1 never speak
	hostile   uint64 // seats with a smaller ID may send what is invalid
	blamed    int    // how often they did
	tell      int64  // from then on, who decided shows others the certificate, as the engine does; 0 = never
	instances uint64
	watch     func(p *member)                           // called after each act, if set
	propose   func(p *member) *ledger.Tip               // what p starts an instance with
	wire      func(from, to *member, frame []byte) bool // whether a frame arrives; all do, if not set
}

type member struct {
	*Machine
	id      int
	alarm   int
	decided []*ledger.Certificate
	votes   [][]byte
}

type event struct {
	at    int64
	seq   int
	to    *member
	frame []byte
	alarm int
	proof *ledger.Certificate
}

type queue []event

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q *queue) Push(x any) { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

var topic = ledger.SumNode([]byte("topic"))

func key(i int) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, "validator/", i))
	return ed25519.NewKeyFromSeed(seed[:])
}

func config(i int) Config {
	k := key(i)
	return Config{
		Topic: topic, Author: ledger.Author(k.Public().(ed25519.PublicKey)), Delta: int64(300 * time.Millisecond),
		Sign:   func(b []byte) []byte { return ed25519.Sign(k, b) },
		Verify: ledger.Ed25519,
	}
}

func newCourt(t testing.TB, n, down int, seed uint64) *court {
	stakes := make([]uint64, n)
	for i := range stakes {
		stakes[i] = 100
	}
	return newCourtOf(t, stakes, down, seed, config)
}

func newCourtOf(t testing.TB, stakes []uint64, down int, seed uint64, config func(i int) Config) *court {
	c := &court{t: t, rng: rand.New(rand.NewPCG(seed, 0)), down: down, topic: topic}
	c.propose = c.proposal
	var seats []ledger.Seat
	for i, stake := range stakes {
		seats = append(seats, ledger.Seat{ID: uint64(i), Author: config(i).Author, Stake: stake})
	}
	c.committee = ledger.NewCommittee(seats)
	for i := range stakes {
		m, err := New(config(i), nil)
		if err != nil {
			t.Fatal(err)
		}
		p := &member{Machine: m, id: i}
		c.members = append(c.members, p)
		c.advance(p, 1, ledger.Tip{Block: topic, Committee: c.committee.CID()})
	}
	return c
}

func (c *court) advance(p *member, instance uint64, base ledger.Tip) {
	if err := p.Advance(instance, base, c.committee, c.committee); err != nil {
		c.t.Fatal(err)
	}
}

func (c *court) proposal(p *member) *ledger.Tip {
	proposer := c.committee.Proposer(topic, p.Instance())
	for i := range c.down {
		if c.members[i].cfg.Author == proposer {
			return nil
		}
	}
	block := ledger.SumNode(fmt.Append(nil, "block", p.base.Height+1))
	return &ledger.Tip{Height: p.base.Height + 1, Block: block, Committee: c.committee.CID()}
}

func (c *court) act(p *member, out []Output, err error) {
	if err != nil && !errors.Is(err, ErrNotNow) {
		c.t.Fatalf("member %d at %v: %v", p.id, time.Duration(c.now), err)
	}
	for _, o := range out {
		switch o := o.(type) {
		case Store:
			p.votes = append(p.votes, o.Frame)
		case Send:
			c.send(p, o.Frame)
		case Alarm:
			p.alarm++
			c.push(event{at: o.At, to: p, alarm: p.alarm})
		case Decided:
			if err := o.Certificate.Verify(topic, c.committee, p.cfg.Verify); err != nil {
				c.t.Fatal(err)
			}
			c.decide(p, o.Certificate)
		}
	}
	if c.watch != nil {
		c.watch(p)
	}
}

// decide takes p to the next instance.
func (c *court) decide(p *member, proof *ledger.Certificate) {
	p.decided = append(p.decided, proof)
	if c.tell > 0 {
		for _, to := range c.members[c.down:] {
			c.push(event{at: max(c.now, c.tell) + 5e9, to: to, proof: proof})
		}
	}
	if p.Instance() < c.instances {
		c.advance(p, p.Instance()+1, proof.Head())
		out, err := p.Start(c.now, c.propose(p))
		c.act(p, out, err)
	}
}

func (c *court) send(from *member, frame []byte) {
	for _, to := range c.members[c.down:] {
		if to != from && (c.wire == nil || c.wire(from, to, frame)) {
			c.push(event{at: c.now + int64(20+c.rng.IntN(80))*1e6, to: to, frame: frame})
		}
	}
}

func (c *court) push(e event) {
	c.seq++
	e.at, e.seq = max(e.at, c.now), c.seq
	heap.Push(&c.queue, e)
}

func (c *court) run(instances uint64, limit time.Duration) {
	c.instances = instances
	for _, p := range c.members[c.down:] {
		out, err := p.Start(c.now, c.propose(p))
		c.act(p, out, err)
	}
	for c.queue.Len() > 0 && c.now < int64(limit) {
		e := heap.Pop(&c.queue).(event)
		c.now = e.at
		switch {
		case e.frame != nil:
			f, err := DecodeFrame(e.frame)
			if err != nil {
				c.t.Fatal(err)
			}
			out, err := e.to.Receive(c.now, f)
			if err != nil && !errors.Is(err, ErrNotNow) && f.Sender < c.hostile {
				c.blamed++
				continue
			}
			c.act(e.to, out, err)
		case e.proof != nil:
			if e.to.Instance() == e.proof.Instance && uint64(len(e.to.decided)) < e.proof.Instance {
				c.decide(e.to, e.proof)
			}
		case e.alarm == e.to.alarm:
			out, err := e.to.Alarm(c.now)
			c.act(e.to, out, err)
		}
	}
}

func TestACommitteeDecidesTheSame(t *testing.T) {
	for _, n := range []int{1, 4, 7, 16} {
		for _, down := range []int{0, (n - 1) / 3} {
			t.Run(fmt.Sprintf("n=%d,down=%d", n, down), func(t *testing.T) {
				c := newCourt(t, n, down, 1)
				c.run(8, 5*time.Minute)
				extended := 0
				for _, p := range c.members[down:] {
					if len(p.decided) != 8 {
						t.Fatalf("member %d decided %d of 8 instances", p.id, len(p.decided))
					}
					for i, d := range p.decided {
						if d.Head() != c.members[down].decided[i].Head() {
							t.Errorf("instance %d: members %d and %d differ", i, down, p.id)
						}
						if p.id == down && d.Next != nil {
							extended++
						}
					}
				}
				if extended == 0 || down == 0 && extended != 8 {
					t.Errorf("%d of 8 instances decided a block", extended)
				}
			})
		}
	}
}

func TestWithoutAQuorumNothingIsDecided(t *testing.T) {
	c := newCourt(t, 4, 2, 1)
	c.run(1, 2*time.Minute)
	for _, p := range c.members {
		if len(p.decided) > 0 {
			t.Errorf("member %d decided %v", p.id, p.decided[0])
		}
	}
}

// A validator that lost its memory but kept its vote log repeats its old vote,
// even when its input is another one now.
func TestASlotIsSignedOnce(t *testing.T) {
	c := newCourt(t, 4, 0, 1)
	p := c.members[0]
	out, err := p.Start(0, c.proposal(p))
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	for _, o := range out {
		if s, ok := o.(Store); ok {
			first = s.Frame
			break
		}
	}
	again, err := New(config(0), [][]byte{first})
	if err != nil {
		t.Fatal(err)
	}
	q := &member{Machine: again}
	c.advance(q, 1, p.base)
	out, err = q.Start(0, nil) // the base, not the block it voted for before
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		switch o := o.(type) {
		case Store:
			t.Error("signed a second vote")
		case Send:
			if string(o.Frame) != string(first) {
				t.Error("sent another vote for the slot")
			}
		}
	}
}
