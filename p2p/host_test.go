package p2p

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

func TestTwoHostsTalk(t *testing.T) {
	a, b := pair(t, nil)
	if err := a.Publish(t.Context(), []byte("rain")); err != nil {
		t.Fatal(err)
	}
	m, err := b.Next(within(t, 5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Data) != "rain" || m.From != a.h.ID() {
		t.Errorf("got %q from %s, want rain from %s", m.Data, m.From, a.h.ID())
	}
	if got := b.h.Traffic(); got.Messages != 1 || got.Received < 4 || got.Sent == 0 {
		t.Errorf("got traffic %+v, want one message and some bytes", got)
	}
	if got := a.h.Traffic(); got.Messages != 0 {
		t.Errorf("the publisher counts %d messages of others, want 0", got.Messages)
	}
}

func TestQUICWorksToo(t *testing.T) {
	a := open(t, Config{Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1"}})
	b := open(t, Config{Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1"}})
	connect(t, a, b)
	if !slices.Contains(a.Peers(), b.ID()) {
		t.Error("not connected")
	}
}

func TestABadConfigIsRefused(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	_, other, _ := ed25519.GenerateKey(nil)
	h := plainHost(t, edKey(t, key))
	rsa := rsaHost(t)
	for name, c := range map[string]Config{
		"no key":                    {},
		"a short key":               {Key: key[:32]},
		"a bad listen address":      {Key: key, Listen: []string{"localhost:1"}},
		"a bootstrap without peer":  {Key: key, Bootstrap: []string{"/ip4/127.0.0.1/tcp/1"}},
		"an RSA bootstrap":          {Key: key, Bootstrap: []string{"/ip4/127.0.0.1/tcp/1/p2p/" + rsa.ID().String()}},
		"a host with listen":        {Host: h, Listen: []string{"/ip4/127.0.0.1/tcp/0"}},
		"a host with another key":   {Host: h, Key: other},
		"a host with an RSA key":    {Host: rsa},
		"a transport we don't have": {Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0/ws"}},
	} {
		if h, err := Open(t.Context(), c); err == nil {
			t.Errorf("opened with %s", name)
			_ = h.Close()
		} else if !strings.HasPrefix(err.Error(), "open host: ") {
			t.Errorf("%s: got error %q, want it to say open host", name, err)
		}
	}
}

func TestTheKeyIsTheIdentity(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	a := open(t, Config{Key: key})
	if !a.ID().MatchesPrivateKey(edKey(t, key)) {
		t.Errorf("ID %s is not that of the key", a.ID())
	}
	for _, addr := range a.Addrs() {
		if !strings.HasSuffix(addr, "/p2p/"+a.ID().String()) {
			t.Errorf("address %s lacks the ID", addr)
		}
	}
}

func TestPeersWithoutEd25519AreRefused(t *testing.T) {
	for name, given := range map[string]bool{"own host": false, "given host": true} {
		t.Run(name, func(t *testing.T) {
			c := Config{}
			if given {
				_, key, _ := ed25519.GenerateKey(nil)
				c = Config{Key: key, Host: plainHost(t, edKey(t, key))}
			}
			h, rsa := open(t, c), rsaHost(t)
			self := peer.AddrInfo{ID: h.ID(), Addrs: h.host.Addrs()}
			_ = rsa.Connect(within(t, 5*time.Second), self) // that side may only see the connection end
			eventually(t, "the RSA peer to be disconnected", func() bool {
				return rsa.Network().Connectedness(h.ID()) == network.NotConnected && len(h.Peers()) == 0
			})
			addr := rsa.Addrs()[0].String() + "/p2p/" + rsa.ID().String()
			if err := h.Connect(t.Context(), addr); err == nil {
				t.Error("dialled a peer with an RSA key")
			}
		})
	}
}

func TestOnlyEd25519IDsAreAdmitted(t *testing.T) {
	for kind, want := range map[int]bool{crypto.Ed25519: true, crypto.Secp256k1: false, crypto.ECDSA: false} {
		_, public, err := crypto.GenerateKeyPair(kind, 0)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := peer.IDFromPublicKey(public)
		if err := newDoor().admit(p, time.Now()); (err == nil) != want {
			t.Errorf("key type %d: got %v, want admitted: %v", kind, err, want)
		}
	}
}

func TestABarredPeerStaysOut(t *testing.T) {
	a, b := open(t, Config{}), open(t, Config{})
	connect(t, a, b)
	b.door.bar(a.ID(), time.Now())
	_ = b.host.Network().ClosePeer(a.ID())
	eventually(t, "the end of the connection", func() bool { return len(a.Peers()) == 0 })
	_ = a.Connect(within(t, 5*time.Second), b.Addrs()[0])
	eventually(t, "the end of the new one", func() bool { return len(a.Peers())+len(b.Peers()) == 0 })
	if err := b.Connect(t.Context(), a.Addrs()[0]); !errors.Is(err, errBarred) {
		t.Errorf("dialling a barred peer: got %v, want %v", err, errBarred)
	}
}

func TestTheDoorForgets(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	p, _ := peer.IDFromPrivateKey(edKey(t, key))
	d, now := newDoor(), time.Unix(0, 0)
	d.bar(p, now)
	if err := d.admit(p, now.Add(barredFor-1)); !errors.Is(err, errBarred) {
		t.Errorf("just before the end: got %v, want %v", err, errBarred)
	}
	if err := d.admit(p, now.Add(barredFor)); err != nil {
		t.Errorf("at the end: got %v, want nil", err)
	}
	d.bar("other", now.Add(barredFor+1))
	if len(d.barred) != 1 {
		t.Errorf("%d peers are barred, want 1: the first one's time is over", len(d.barred))
	}
}

func TestBootstrapPeersAreDialledAgain(t *testing.T) {
	b := open(t, Config{})
	var dialled atomic.Int64
	b.host.Network().Notify(&network.NotifyBundle{ConnectedF: func(network.Network, network.Conn) { dialled.Add(1) }})
	a := open(t, Config{Bootstrap: []string{b.Addrs()[0]}})
	eventually(t, "the first connection", func() bool { return len(b.Peers()) == 1 })
	_ = b.host.Network().ClosePeer(a.ID())
	eventually(t, "the second connection", func() bool { return dialled.Load() == 2 })
}

func TestCloseIsFinal(t *testing.T) {
	a, _ := pair(t, nil)
	for range 2 {
		if err := a.h.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := a.Next(t.Context())
	_, err2 := a.h.Join(t.Context(), "other", nil)
	_, err3 := a.Ask(t.Context(), a.h.ID(), nil)
	for _, err := range []error{err, err2, err3, a.Publish(t.Context(), nil), a.h.Connect(t.Context(), a.h.Addrs()[0])} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: got %v, want %v", err, ErrClosed)
		}
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	a, _ := pair(t, nil)
	got := make(chan error)
	go func() {
		_, err := a.Next(t.Context())
		got <- err
	}()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

func TestCloseWaitsForWhoIsServing(t *testing.T) {
	a, b := pair(t, nil)
	serving, done := make(chan struct{}), false
	b.Serve(func(ctx context.Context, _ peer.ID, _ []byte) ([]byte, error) {
		close(serving)
		<-ctx.Done()
		for range 100 {
			runtime.Gosched() // so that a Close that does not wait is ahead
		}
		done = true // and the race detector sees it, too
		return nil, nil
	})
	asked := make(chan struct{})
	go func() {
		_, _ = a.Ask(t.Context(), b.h.ID(), nil)
		close(asked)
	}()
	<-serving
	if err := b.h.Close(); err != nil {
		t.Fatal(err)
	}
	if !done {
		t.Error("Close returned while an answer was being made")
	}
	<-asked
}

func TestAGivenHostIsLeftAsItWas(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	h := plainHost(t, edKey(t, key))
	before := h.Mux().Protocols()
	a, b := open(t, Config{Host: h}), open(t, Config{})
	connect(t, b, a)
	join(t, a, nil).Serve(nil)
	join(t, b, nil)
	eventually(t, "gossip", func() bool { return len(a.pubsub.ListPeers("topic")) == 1 })
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if got := h.Mux().Protocols(); !slices.Equal(sorted(got), sorted(before)) {
		t.Errorf("after Close the host speaks %v, want %v", got, before)
	}
	if len(h.Network().Peers()) != 1 {
		t.Error("Close ended connections of a host that is not its own")
	}
}

func sorted[T ~string](s []T) []T { s = slices.Clone(s); slices.Sort(s); return s }

func edKey(t *testing.T, key ed25519.PrivateKey) crypto.PrivKey {
	t.Helper()
	k, err := crypto.UnmarshalEd25519PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// plainHost is a libp2p host that is none of ours.
func plainHost(t *testing.T, key crypto.PrivKey) host.Host {
	t.Helper()
	h, err := libp2p.New(libp2p.Identity(key), libp2p.DisableMetrics(), libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func rsaHost(t *testing.T) host.Host {
	t.Helper()
	key, _, err := crypto.GenerateRSAKeyPair(2048, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return plainHost(t, key)
}
