package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/grapevine-network/grapevine/ledger/store"
)

func put(t testing.TB, b *Blobs, text string) cid.Cid {
	t.Helper()
	c, err := b.Put([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestABlobIsNamedAsOtherIPFSToolsNameIt(t *testing.T) {
	c := put(t, opened(t, t.TempDir()).Blobs(), "hello\n")
	// ipfs add --cid-version 1 --raw-leaves
	if want := "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"; c.String() != want {
		t.Errorf("got %s, want %s", c, want)
	}
}

func TestBlobsComeBack(t *testing.T) {
	dir := t.TempDir()
	h := opened(t, dir)
	want := map[cid.Cid]string{}
	for _, text := range []string{"", "a", "b", strings.Repeat("model ", 1e5)} {
		c := put(t, h.Blobs(), text)
		if again := put(t, h.Blobs(), text); again != c {
			t.Errorf("the same bytes have two names, %s and %s", c, again)
		}
		want[c] = text
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	b := opened(t, dir).Blobs()
	seen := 0
	for c, err := range b.All() {
		text, ok := want[c]
		got, read := b.Get(c)
		if err != nil || read != nil || !ok || string(got) != text || !b.Has(c) {
			t.Errorf("%s: %d bytes, want %d, %v, %v", c, len(got), len(text), err, read)
		}
		seen++
	}
	if size, err := b.Size(); seen != len(want) || size != 2+6e5 || err != nil {
		t.Errorf("%d blobs of %d bytes, %v; want %d", seen, size, err, len(want))
	}
}

func TestAnAbsentBlobIsNoDamage(t *testing.T) {
	b := opened(t, t.TempDir()).Blobs()
	c := put(t, b, "x")
	for range 2 {
		if err := b.Delete(c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Get(c); !errors.Is(err, fs.ErrNotExist) || b.Has(c) {
		t.Errorf("after Delete: %v, Has %v", err, b.Has(c))
	}
	if got := put(t, b, "x"); got != c || !b.Has(c) {
		t.Errorf("put again: %s, want %s", got, c)
	}
}

func TestNamesThatPutNeverGivesAreRefused(t *testing.T) {
	b := opened(t, t.TempDir()).Blobs()
	c := put(t, b, "x")
	for _, other := range []cid.Cid{cid.Undef, cid.NewCidV1(cid.DagCBOR, c.Hash()), cid.NewCidV0(c.Hash())} {
		_, err := b.Get(other)
		if err == nil || errors.Is(err, fs.ErrNotExist) || b.Has(other) || b.Delete(other) == nil {
			t.Errorf("%s: %v", other, err)
		}
	}
}

func TestEveryFlippedByteOfABlobIsFound(t *testing.T) {
	b := opened(t, t.TempDir()).Blobs()
	text := "sixteen bytes +1"
	c := put(t, b, text)
	put(t, b, "another")
	for i := range text {
		data := []byte(text)
		data[i] ^= 1
		write(t, b.path(c), string(data))
		_, err := b.Get(c)
		if d, ok := errors.AsType[*store.Damage](err); !ok || d.File != b.path(c) {
			t.Errorf("byte %d: Get gives %v", i, err)
		}
		if bad, sound := complaints(t, b); !slices.Equal(bad, []string{b.path(c)}) || sound != 1 {
			t.Errorf("byte %d: Check names %q, %d are sound", i, bad, sound)
		}
	}
	put(t, b, text)
	if got, err := b.Get(c); err != nil || string(got) != text {
		t.Errorf("Put does not repair: %q, %v", got, err)
	}
}

func complaints(t *testing.T, b *Blobs) (bad []string, sound int) {
	t.Helper()
	for _, err := range b.Check() {
		if d, ok := errors.AsType[*store.Damage](err); ok {
			bad = append(bad, d.File)
		} else if err != nil {
			t.Fatal(err)
		} else {
			sound++
		}
	}
	return bad, sound
}

func TestForeignFilesAmongTheBlobsAreNamed(t *testing.T) {
	b := opened(t, t.TempDir()).Blobs()
	c := put(t, b, "x")
	name := c.String()
	want := []string{
		filepath.Join(b.dir, "note"),
		filepath.Join(b.dir, name),                                 // in no directory
		filepath.Join(b.dir, "zz", name),                           // in the wrong one
		filepath.Join(filepath.Dir(b.path(c)), "."+name+"123"),     // a temporary file of another program
		filepath.Join(filepath.Dir(b.path(c)), name[:len(name)-1]), // no CID
		filepath.Join(b.dir, "directory"),
	}
	if err := errors.Join(os.Mkdir(filepath.Join(b.dir, "zz"), 0o700), os.Mkdir(want[5], 0o700)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(want[5], "inside"), "x")
	for _, path := range want[:5] {
		write(t, path, "x")
	}
	bad, sound := complaints(t, b)
	slices.Sort(bad)
	slices.Sort(want)
	if !slices.Equal(bad, want) || sound != 1 {
		t.Errorf("Check names\n%q, want\n%q; %d are sound", bad, want, sound)
	}
	if all := slices.Collect(keys(b)); !slices.Equal(all, []cid.Cid{c}) {
		t.Errorf("All yields %v", all)
	}
}

func keys(b *Blobs) func(func(cid.Cid) bool) {
	return func(yield func(cid.Cid) bool) {
		for c, err := range b.All() {
			if err != nil || !yield(c) {
				return
			}
		}
	}
}

func TestAQuotaIsKept(t *testing.T) {
	dir := t.TempDir()
	b := opened(t, dir).Blobs()
	old := put(t, b, strings.Repeat("o", 40))
	b.Quota = 100
	c := put(t, b, strings.Repeat("c", 60))
	put(t, b, strings.Repeat("c", 60)) // again, for nothing
	_, err := b.Put([]byte("x"))
	if !errors.Is(err, ErrQuota) {
		t.Fatalf("101 of 100 bytes: %v", err)
	}
	says(t, err, "100 of 100 bytes", "delete some or raise it")
	write(t, b.path(c), strings.Repeat("?", 60))
	put(t, b, strings.Repeat("c", 60)) // a repair needs no more room
	if err := b.Delete(old); err != nil {
		t.Fatal(err)
	}
	put(t, b, strings.Repeat("n", 40))
	if size, err := b.Size(); size != 100 || err != nil {
		t.Errorf("%d bytes in use, %v", size, err)
	}
}

func TestManyGoroutinesShareTheBlobs(t *testing.T) {
	b := opened(t, t.TempDir()).Blobs()
	b.Quota = 1 << 20
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 20 {
				data := fmt.Appendf(nil, "%d", (i+g)%25)
				c, err := b.Put(data)
				got, read := b.Get(c)
				if err := errors.Join(err, read); err != nil || !bytes.Equal(got, data) {
					t.Errorf("%q, want %q, %v", got, data, err)
				}
			}
		})
	}
	group.Wait()
	if bad, sound := complaints(t, b); len(bad) != 0 || sound != 25 {
		t.Errorf("%d sound, bad %q", sound, bad)
	}
	if size, err := b.Size(); size != 10+15*2 || err != nil {
		t.Errorf("%d bytes in use, %v", size, err)
	}
}

func BenchmarkPut(b *testing.B) {
	blobs := opened(b, b.TempDir()).Blobs()
	data := make([]byte, 64<<10)
	b.SetBytes(int64(len(data)))
	for i := 0; b.Loop(); i++ {
		copy(data, fmt.Sprint(i))
		if _, err := blobs.Put(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	blobs := opened(b, b.TempDir()).Blobs()
	c, err := blobs.Put(make([]byte, 64<<10))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(64 << 10)
	for b.Loop() {
		if _, err := blobs.Get(c); err != nil {
			b.Fatal(err)
		}
	}
}
