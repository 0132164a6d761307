package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/grapevine-network/grapevine/ledger/store"
)

// Salvage makes a log that opens again of one in dir whose bytes have changed: all
// records before the damage, and of those after it the ones that later wants. The
// damaged log is put aside, as ledger.damaged-1 or the next number that is free.
// Nothing happens, and aside is "", if the log is sound; the error is a
// *store.Damage if it is of a format that this program does not know.
func Salvage(dir string, later func(r store.Record) bool) (aside string, err error) {
	h := at(dir)
	if h.lock, err = takeLock(dir); err != nil {
		return "", fmt.Errorf("salvage: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	_, err = store.View(h.path("ledger"))
	if d, is := errors.AsType[*store.Damage](err); !is || d.Newer {
		return "", err
	}
	if err := h.fillLog(func(l *store.Log) error { return h.salvage(l, later) }); err != nil {
		return "", fmt.Errorf("salvage: %w", err)
	}
	aside = h.aside()
	if err := os.Rename(h.path("ledger"), aside); err != nil {
		return "", fmt.Errorf("salvage: %w", advise(err))
	}
	return aside, h.finishReplace()
}

// salvage copies what is sound, and what the head file says if that is.
func (h *Home) salvage(l *store.Log, later func(r store.Record) bool) error {
	damaged := false
	for r, err := range store.Check(h.path("ledger")) {
		if d, is := errors.AsType[*store.Damage](err); is {
			damaged = damaged || filepath.Ext(d.File) == ".log"
			continue
		}
		if err == nil && (!damaged || later(r)) {
			_, err = l.Append(r.Kind, r.Data)
		}
		if err != nil {
			return err
		}
	}
	head, err := h.Head()
	if err != nil {
		return nil // the next height is noted in a new one
	}
	head.End = l.End()
	return errors.Join(h.makeDir(h.temp()), store.WriteHead(h.path("ledger.new"), h.temp(), head))
}

// aside is a name that is free.
func (h *Home) aside() string {
	for i := 1; ; i++ {
		name := h.path(fmt.Sprintf("ledger.damaged-%d", i))
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
}
