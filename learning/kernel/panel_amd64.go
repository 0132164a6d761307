package kernel

import "unsafe"

const (
	maxWidth = 32  // columns of a panel with AVX-512; half with AVX2
	depth    = 512 // rows of b in a panel: what stays in the nearest caches
	packed   = 256 // the same where b must be copied: 32 KiB of stack
)

// panel is what the assembly computes: some columns of a product, all rows. It
// reads and writes nothing outside them, since masks leave out what a vector
// has too much. Strides are in bytes.
type panel struct {
	a, b, start, dst                      *float32
	rows, depth, width                    int
	aRow, aCol, bRow, startStride, dstRow int
	floor                                 float32
	mask                                  *[16]int32 // of AVX2: -1 for each column
}

//go:noescape
func panelAVX512(p *panel)

//go:noescape
func panelAVX2(p *panel)

func (p *panel) compute() {
	if active == avx512 {
		panelAVX512(p)
	} else {
		panelAVX2(p)
	}
}

func (p product) vector() {
	if p.b.col == 1 {
		p.blocks(depth, nil)
	} else {
		var buffer [packed * maxWidth]float32
		p.blocks(packed, buffer[:])
	}
}

// zeros is what no start begins with.
var zeros [maxWidth]float32

// columns is what a mask of AVX2 is cut from: 16 of all bits, 16 of none.
var columns = [maxWidth]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// blocks goes through the columns of b in panels, and through its rows in pieces
// of at most size: the first begins with start, the others go on with dst, and
// the last applies the floor. With a buffer each panel is copied there.
func (p product) blocks(size int, buffer []float32) {
	wide := maxWidth
	if active == avx2 {
		wide /= 2
	}
	for j := 0; j < p.dst.Cols; j += wide {
		width := min(wide, p.dst.Cols-j)
		for k := 0; k == 0 || k < p.b.Rows; k += size {
			q := p.panel(j, k, width, min(size, p.b.Rows-k))
			if buffer != nil {
				p.pack(buffer, j, k, q.width, q.depth)
				q.b, q.bRow = first(buffer), 4*maxWidth
			}
			q.compute()
		}
	}
}

// panel describes width columns from j on, with depth rows of b from k on.
func (p product) panel(j, k, width, depth int) panel {
	const size = 4
	q := panel{
		a: first(p.a.from(0, k)), b: first(p.b.from(k, j)), dst: first(p.dst.from(0, j)), start: &zeros[0],
		rows: p.dst.Rows, depth: depth, width: width,
		aRow: size * p.a.row, aCol: size * p.a.col, bRow: size * p.b.row, dstRow: size * p.dst.row,
		floor: lowest,
	}
	switch {
	case k > 0:
		q.start, q.startStride = q.dst, q.dstRow
	case p.start != nil:
		q.start, q.startStride = first(p.start[j:]), size*p.stride
	}
	if k+depth == p.b.Rows {
		q.floor = p.floor
	}
	if active == avx2 {
		q.mask = (*[16]int32)(columns[16-width:])
	}
	return q
}

// pack copies a panel of b, the transpose of what is in memory: four of its
// columns at once, or one.
func (p product) pack(dst []float32, j, k, width, depth int) {
	c := 0
	for ; c+4 <= width; c += 4 {
		c0, c1 := p.column(j+c, k, depth), p.column(j+c+1, k, depth)
		c2, c3 := p.column(j+c+2, k, depth), p.column(j+c+3, k, depth)
		for r, to := 0, dst[c:]; r < len(c0); r, to = r+1, to[min(maxWidth, len(to)):] {
			to[3], to[2], to[1], to[0] = c3[r], c2[r], c1[r], c0[r]
		}
	}
	for ; c < width; c++ {
		for r, v := range p.column(j+c, k, depth) {
			dst[r*maxWidth+c] = v
		}
	}
}

// column returns n values of column j of b, from row k on.
func (p product) column(j, k, n int) []float32 {
	return p.b.data[j*p.b.col+k:][:n]
}

// first returns where x begins, even if it is empty.
func first(x []float32) *float32 { return unsafe.SliceData(x) }
