package store

import "testing"

var entry = make([]byte, 400) // about the size of an entry

func BenchmarkAppend(b *testing.B) {
	l, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	b.SetBytes(int64(len(entry)))
	for b.Loop() {
		if _, err := l.Append(1, entry); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendAndSync(b *testing.B) {
	l, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		if _, err := l.Append(1, entry); err != nil {
			b.Fatal(err)
		}
		if err := l.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

func filled(b *testing.B, records int) (string, Position) {
	dir := b.TempDir()
	l, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	var at Position
	for range records {
		if at, err = l.Append(1, entry); err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	return dir, at
}

func BenchmarkOpen100k(b *testing.B) {
	dir, _ := filled(b, 100_000)
	b.SetBytes(100_000 * int64(len(entry)))
	for b.Loop() {
		l, err := Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		l.Close()
	}
}

func BenchmarkRead(b *testing.B) {
	dir, at := filled(b, 1000)
	l, err := View(dir)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := l.Read(at); err != nil {
			b.Fatal(err)
		}
	}
}
