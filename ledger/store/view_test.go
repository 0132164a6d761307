package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"
)

func TestAViewChangesNothing(t *testing.T) {
	m, want := written(t, 24)
	names := m.files()
	last := names[len(names)-2]
	torn := m.with(last, append(m.names[last].data, 1, 2, 3))
	torn.before = func(op string) error {
		switch op {
		case "write", "truncate", "sync", "syncdir", "mkdir", "remove", "rename":
			t.Errorf("View does %s", op)
		}
		return nil
	}
	l, err := view(torn, "d")
	if err != nil {
		t.Fatal(err)
	}
	got, err := contents(l)
	if err != nil || len(got) != len(want) || l.Torn() == nil {
		t.Errorf("%d records, torn %v, %v; want %d", len(got), l.Torn(), err, len(want))
	}
	if _, err := l.Append(1, nil); !errors.Is(err, ErrReadOnly) || !errors.Is(l.Sync(), ErrReadOnly) {
		t.Errorf("Append to a view: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := View(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("View of nothing: %v", err)
	}
}

func TestAViewSeesALogGrow(t *testing.T) {
	dir := t.TempDir()
	l, err := open(disk{}, dir, 500)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for i := range 300 {
			if _, err := l.Append(1, payload(i%20)); err != nil {
				done <- err
				return
			}
		}
		done <- l.Close()
	}()
	for seen := 0; ; {
		v, err := View(dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := contents(v)
		if err != nil || len(got) < seen {
			t.Fatalf("%d records after %d, %v", len(got), seen, err)
		}
		seen = len(got)
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}

// The writer stops before its operation k, a View begins, and before the View's
// operation j the writer goes on and fills several segments.
func TestAViewMayBeOvertakenAtAnyStep(t *testing.T) {
	for k := range 40 {
		for j := range 25 {
			if err := overtaken(k, j); err != nil {
				t.Errorf("writer stopped at %d, went on at %d: %v", k, j, err)
			}
		}
	}
}

func overtaken(k, j int) error {
	m := newMemory()
	l, err := open(m, "d", testLimit)
	if err != nil {
		return err
	}
	if err := appendSome(l, 5); err != nil {
		return err
	}
	stopped, proceed, done := make(chan bool), make(chan bool), make(chan error, 1)
	m.before = at(k, func() { stopped <- true; <-proceed })
	go func() { done <- appendSome(l, 12) }()
	select {
	case <-stopped:
	case err := <-done:
		return err // it takes fewer than k operations
	}
	var finish sync.Once
	var written error
	goOn := func() { finish.Do(func() { close(proceed); written = <-done }) }
	v, err := view(&memory{names: m.names, durable: m.durable, before: at(j, goOn)}, "d")
	goOn()
	if err := errors.Join(err, written); err != nil {
		return err
	}
	got, err := contents(v)
	if err == nil && len(got) < 5 {
		err = fmt.Errorf("%d records, want 5 or more", len(got))
	}
	return err
}

// at returns a hook that calls do before operation k.
func at(k int, do func()) func(string) error {
	step := -1
	return func(string) error {
		if step++; step == k {
			do()
		}
		return nil
	}
}

func appendSome(l *Log, n int) error {
	for i := range n {
		if _, err := l.Append(1, payload(i)); err != nil {
			return err
		}
	}
	return nil
}
