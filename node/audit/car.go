package audit

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/grapevine-network/grapevine/ledger"
)

// carHeader opens a CAR, version 1 (ipld.io/specs/transport/car/carv1).
type carHeader struct {
	Roots   []ledger.CID `cbor:"roots"`
	Version uint64       `cbor:"version"`
}

// carCID is the length of the CIDs of a CAR.
const carCID = 36

// CarWriter writes a topic's history as a CAR: a file that IPLD tools can read.
// ReadCar has the order.
type CarWriter struct{ w *bufio.Writer }

// NewCarWriter begins a CAR of a topic up to the block last. snapshot is what the
// history begins with, undefined if that is the manifest.
func NewCarWriter(w io.Writer, topic, last, snapshot ledger.CID) (*CarWriter, error) {
	h := carHeader{Roots: []ledger.CID{topic, last}, Version: 1}
	if snapshot.Defined() {
		h.Roots = append(h.Roots, snapshot)
	}
	b, err := ledger.Encode(h)
	if err != nil {
		return nil, err
	}
	c := &CarWriter{bufio.NewWriter(w)}
	return c, c.section(b)
}

func (c *CarWriter) section(parts ...[]byte) error {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	_, err := c.w.Write(binary.AppendUvarint(nil, uint64(size)))
	for _, p := range parts {
		_, more := c.w.Write(p)
		err = errors.Join(err, more)
	}
	return err
}

// Node writes dag-cbor.
func (c *CarWriter) Node(data []byte) error { return c.section(ledger.SumNode(data).Bytes(), data) }

// Blob writes a model or a delta.
func (c *CarWriter) Blob(data []byte) error { return c.section(ledger.SumBlob(data).Bytes(), data) }

// Block writes a certified block: header, cuts, certificate, entries.
func (c *CarWriter) Block(b *ledger.Block, cert *ledger.Certificate, entries []*ledger.Entry) error {
	for _, v := range []any{b.Header, b.Cuts, cert} {
		data, err := ledger.Encode(v)
		if err == nil {
			err = c.Node(data)
		}
		if err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := c.Node(e.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// Close writes what is left. The file itself is the caller's.
func (c *CarWriter) Close() error { return c.w.Flush() }

// carReader reads sections, each no larger than what is expected there.
type carReader struct {
	r  *bufio.Reader
	at int64 // of the next section
}

func (c *carReader) fail(err error) error {
	return fmt.Errorf("byte %d: %w", c.at, err)
}

// section reads the next one. The error is io.EOF at the end of the file.
func (c *carReader) section(limit uint64) ([]byte, error) {
	size, n, err := c.uvarint()
	if err == io.EOF && n == 0 {
		return nil, io.EOF
	}
	if err != nil {
		return nil, c.fail(fmt.Errorf("%w: %w", ledger.ErrNotCanonical, err))
	}
	if size > limit {
		return nil, c.fail(fmt.Errorf("%d bytes, at most %d belong here: %w", size, limit, ledger.ErrNotCanonical))
	}
	var b bytes.Buffer // grows as bytes come: a length alone costs no memory
	if _, err := io.CopyN(&b, c.r, int64(size)); err != nil {
		return nil, c.fail(fmt.Errorf("the file ends too soon: %w", ledger.ErrNotCanonical))
	}
	c.at += int64(n) + int64(size)
	return b.Bytes(), nil
}

// uvarint reads the shortest encoding of a number, of n bytes.
func (c *carReader) uvarint() (x uint64, n int, err error) {
	for shift := 0; ; shift += 7 {
		b, err := c.r.ReadByte()
		if err != nil {
			return 0, n, err
		}
		n++
		if n == binary.MaxVarintLen64 || b == 0 && n > 1 {
			return 0, n, errors.New("a length that is not in its shortest form")
		}
		x |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return x, n, nil
		}
	}
}

func (c *carReader) header() (h carHeader, err error) {
	b, err := c.section(1 << 10)
	if err != nil {
		return h, err
	}
	if err := ledger.Decode(b, &h); err != nil {
		return h, err
	}
	if h.Version != 1 || len(h.Roots) < 2 || len(h.Roots) > 3 {
		return h, fmt.Errorf("CAR of version %d with %d roots, want 1 with a topic, a block and perhaps a snapshot: %w", h.Version, len(h.Roots), ledger.ErrNotCanonical)
	}
	return h, nil
}

// next reads a section whose bytes are what its CID names, and says whether they
// are dag-cbor.
func (c *carReader) next(limit uint64) (id ledger.CID, data []byte, node bool, err error) {
	at := c.at
	b, err := c.section(limit + carCID)
	if err != nil {
		return id, nil, false, err
	}
	wrong := func(err error) error { return fmt.Errorf("byte %d: %w", at, err) }
	if len(b) < carCID {
		return id, nil, false, wrong(ledger.ErrNotCanonical)
	}
	if id, err = ledger.CastCID(b[:carCID]); err != nil {
		return id, nil, false, wrong(err)
	}
	data = b[carCID:]
	if node = ledger.SumNode(data) == id; !node && ledger.SumBlob(data) != id {
		return id, nil, false, wrong(fmt.Errorf("the bytes are not what %v names: %w", id, ledger.ErrNotCanonical))
	}
	return id, data, node, nil
}

// node reads the dag-cbor that must come next; undefined want takes any.
func (c *carReader) node(limit uint64, want ledger.CID) ([]byte, error) {
	at := c.at
	id, data, is, err := c.next(limit)
	if err == io.EOF {
		err = errors.New("the file ends too soon")
	}
	if err == nil && (!is || want.Defined() && id != want) {
		err = fmt.Errorf("byte %d: %v, where %v belongs: %w", at, id, want, ledger.ErrNotCanonical)
	}
	return data, err
}

// blob reads the blob that must come next.
func (c *carReader) blob(limit uint64, want ledger.CID) ([]byte, error) {
	at := c.at
	id, data, is, err := c.next(limit)
	if err == io.EOF {
		err = errors.New("the file ends too soon")
	}
	if err == nil && (is || id != want) {
		err = fmt.Errorf("byte %d: %v, where the blob %v belongs: %w", at, id, want, ledger.ErrNotCanonical)
	}
	return data, err
}
