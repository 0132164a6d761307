package store

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	headName    = "head"
	headTemp    = "head.tmp"
	maxHead     = 1 << 10
	headPattern = "grapevine head 1\nheight %d\nblock %s\nend %d %d\n"
)

// Head names the newest certified height and its block. It tells a log that
// lost its end from one that is whole.
type Head struct {
	Height uint64
	Block  string   // the block's CID as text: 1 to 256 printable characters, no space
	End    Position // where the log ended then, see Log.End: it never ends before that again
}

func (h Head) text() string {
	s := fmt.Sprintf(headPattern, h.Height, h.Block, h.End.Segment, h.End.Offset)
	return fmt.Sprintf("%scrc32c %08x\n", s, crc32.Checksum([]byte(s), castagnoli))
}

func (h Head) valid() bool {
	notPlain := func(r rune) bool { return r <= ' ' || r > '~' }
	return h.Block != "" && len(h.Block) <= 256 && !strings.ContainsFunc(h.Block, notPlain)
}

// WriteHead replaces the head of the log in dir: all of it or nothing, durable
// when it returns. tmpdir holds the new file until it is whole; it must be on
// the same file system and not be dir, where it would be a foreign file.
func WriteHead(dir, tmpdir string, h Head) error { return writeHead(disk{}, dir, tmpdir, h) }

// ReadHead returns the head of the log in dir. The error wraps [fs.ErrNotExist]
// if there is none yet and is a *Damage if any byte has changed.
func ReadHead(dir string) (Head, error) { return readHead(disk{}, dir) }

func writeHead(fsys filesystem, dir, tmpdir string, h Head) error {
	if !h.valid() {
		return fmt.Errorf("write head: block %.300q is not 1 to 256 printable characters", h.Block)
	}
	temp, path := filepath.Join(tmpdir, headTemp), filepath.Join(dir, headName)
	if err := writeTemp(fsys, temp, h.text()); err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	if err := fsys.Rename(temp, path); err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	if err := fsys.SyncDir(dir); err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	return nil
}

func writeTemp(fsys filesystem, path, text string) error {
	f, err := fsys.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = writeFull(f, []byte(text), 0)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func readHead(fsys filesystem, dir string) (Head, error) {
	path := filepath.Join(dir, headName)
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return Head{}, fmt.Errorf("read head: %w", err)
	}
	defer f.Close()
	b := make([]byte, maxHead)
	n, err := f.ReadAt(b, 0)
	if err != io.EOF && err != nil {
		return Head{}, fmt.Errorf("read head: %w", err)
	}
	h, ok := parseHead(string(b[:n]))
	if !ok {
		return Head{}, fmt.Errorf("read head: %w", &Damage{File: path, What: "it is not what was written"})
	}
	return h, nil
}

// parseHead accepts only the one text that a head has.
func parseHead(text string) (Head, bool) {
	var h Head
	if _, err := fmt.Sscanf(text, headPattern, &h.Height, &h.Block, &h.End.Segment, &h.End.Offset); err != nil {
		return Head{}, false
	}
	return h, h.valid() && h.text() == text
}
