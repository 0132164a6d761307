package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// item is one data item of CBOR: head from start to body, content from body to
// end. Maps have keys and values by turns.
type item struct {
	major            byte
	arg              uint64
	start, body, end int
	items            []item
}

// parse reads the item at start of canonical bytes.
func parse(b []byte, start int) item {
	it := item{major: b[start] >> 5, arg: uint64(b[start] & 31), start: start, body: start + 1}
	if it.major < 7 && it.arg >= 24 {
		n := 1 << (it.arg - 24)
		it.arg = 0
		for _, x := range b[it.body : it.body+n] {
			it.arg = it.arg<<8 | uint64(x)
		}
		it.body += n
	}
	it.end = it.body
	count := map[byte]uint64{4: it.arg, 5: 2 * it.arg, 6: 1}[it.major]
	if it.major == 2 || it.major == 3 {
		it.end += int(it.arg)
	}
	for range count {
		child := parse(b, it.end)
		it.items, it.end = append(it.items, child), child.end
	}
	return it
}

// walk visits an item and all within it, with a path such as "/cuts/0".
func (it item) walk(b []byte, path string, visit func(path string, it item)) {
	visit(path, it)
	for i, child := range it.items {
		switch {
		case it.major == 5 && i%2 == 1:
			key := it.items[i-1]
			child.walk(b, path+"/"+string(b[key.body:key.end]), visit)
		case it.major == 5:
			visit(fmt.Sprintf("%s/key %d", path, i/2), child)
		default:
			child.walk(b, fmt.Sprintf("%s/%d", path, i), visit)
		}
	}
}

func (it item) raw(b []byte) []byte { return b[it.start:it.end] }

// head encodes major type and argument in 1, 2, 3, 5 or 9 bytes.
func head(major byte, arg uint64, bytes int) []byte {
	if bytes == 1 {
		return []byte{major<<5 | byte(arg)}
	}
	at := slices.Index([]int{2, 3, 5, 9}, bytes)
	full := binary.BigEndian.AppendUint64(nil, arg)
	return append([]byte{major<<5 | byte(24+at)}, full[9-bytes:]...)
}

// spoilt is one way to write something else than the canonical bytes.
type spoilt struct {
	name  string
	bytes []byte
}

// others returns, for each item within canonical bytes, what could stand in its
// place: longer heads, indefinite lengths, floats, other types, null, changed
// order, doubled and unknown fields.
func others(b []byte) []spoilt {
	all := []spoilt{
		{"a byte behind", append(slices.Clone(b), 0)},
		{"an item behind", append(slices.Clone(b), 0xf6)},
		{"the last byte missing", b[:len(b)-1]},
	}
	parse(b, 0).walk(b, "", func(path string, it item) {
		for _, s := range slices.Concat(it.longer(b), always(it.raw(b)), it.byType(b)) {
			all = append(all, spoilt{path + ": " + s.name, slices.Concat(b[:it.start], s.bytes, b[it.end:])})
		}
	})
	return all
}

// longer writes the head in more bytes than it needs.
func (it item) longer(b []byte) (out []spoilt) {
	for _, n := range []int{2, 3, 5, 9} {
		if it.major < 7 && n > it.body-it.start {
			out = append(out, spoilt{fmt.Sprintf("head of %d bytes", n), slices.Concat(head(it.major, it.arg, n), b[it.body:it.end])})
		}
	}
	return out
}

func always(raw []byte) []spoilt {
	return []spoilt{
		{"null", []byte{0xf6}}, {"undefined", []byte{0xf7}}, {"false", []byte{0xf4}}, {"simple value", []byte{0xf8, 0xff}},
		{"nothing", nil}, {"reserved head", []byte{0x1c}}, {"break", []byte{0xff}},
		{"half float", []byte{0xf9, 0x3c, 0}}, {"NaN", []byte{0xf9, 0x7e, 0}},
		{"tagged", append([]byte{0xd9, 0xd9, 0xf7}, raw...)}, {"in an array", append([]byte{0x81}, raw...)},
	}
}

func (it item) byType(b []byte) (out []spoilt) {
	content := b[it.body:it.end]
	add := func(name string, parts ...[]byte) { out = append(out, spoilt{name, slices.Concat(parts...)}) }
	switch it.major {
	case 0, 1:
		add("float", []byte{0xfb}, binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(it.arg))))
		add("bignum", []byte{0xc2 + it.major, 0x48}, binary.BigEndian.AppendUint64(nil, it.arg))
		add("text", []byte{0x60})
	case 2, 3:
		add("indefinite", []byte{it.major<<5 | 31}, it.raw(b), []byte{0xff})
		add("bytes for text", head(5-it.major, it.arg, it.body-it.start), content)
		add("shorter", head(it.major, 0, 1))
		add("longer", head(it.major, it.arg+1, 9), content, []byte{'x'})
		add("array of integers", []byte{0x98, byte(len(content))}, content)
	case 4, 5:
		add("indefinite", []byte{it.major<<5 | 31}, content, []byte{0xff})
		add("more than there are", head(it.major, 1<<15, 3), content)
		add("2^63 of them", head(it.major, 1<<63, 9), content)
	case 6:
		add("another tag", []byte{0xd8, 43}, content)
		add("no tag", content)
	}
	if it.major == 5 {
		out = append(out, it.pairs(b)...)
	}
	return out
}

// pairs changes order and number of a map's pairs.
func (it item) pairs(b []byte) (out []spoilt) {
	n := len(it.items) / 2
	pair := func(i int) []byte { return b[it.items[2*i].start:it.items[2*i+1].end] }
	of := func(name string, pairs ...[]byte) {
		out = append(out, spoilt{name, slices.Concat(append([][]byte{head(5, uint64(len(pairs)), 1)}, pairs...)...)})
	}
	var all [][]byte
	for i := range n {
		all = append(all, pair(i))
	}
	for i := range n {
		if i > 0 {
			swapped := slices.Clone(all)
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			of(fmt.Sprintf("pair %d first", i), swapped...)
		}
		of(fmt.Sprintf("pair %d twice", i), slices.Insert(slices.Clone(all), i, all[i])...)
		of(fmt.Sprintf("pair %d missing", i), slices.Delete(slices.Clone(all), i, i+1)...)
		upper := slices.Clone(all[i])
		upper[1] ^= 0x20
		capital := slices.Clone(all)
		capital[i] = upper
		of(fmt.Sprintf("key %d in capitals", i), capital...)
	}
	of("unknown field", append(slices.Clone(all), []byte{0x6a, 'z', 'z', 'z', 'z', 'z', 'z', 'z', 'z', 'z', 'z', 0})...)
	return out
}
