package dataset

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
)

// maxFile is the largest file that is read, after decompression: a few bytes of
// gzip can announce any amount.
const maxFile = 1 << 30

// readAll reads a file that may be gzipped, whatever it is called.
func readAll(r io.Reader) ([]byte, error) {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(2); len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		return readCapped(b, maxFile)
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	data, err := readCapped(z, maxFile)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return data, nil
}

func readCapped(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("more than %d bytes; split the file", limit)
	}
	return data, nil
}
