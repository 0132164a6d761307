package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/grapevine-network/grapevine/ledger/store"
)

// ReplaceLog puts another log in the place of the home's, all of it or nothing,
// whenever the process ends. write fills the new one and says what its head is.
// Positions of the old log mean nothing afterwards.
func (h *Home) ReplaceLog(write func(l *store.Log) (store.Head, error)) error {
	if h.readOnly {
		return ErrReadOnly
	}
	if err := h.writeNewLog(write); err != nil {
		return fmt.Errorf("replace log: %w", errors.Join(err, os.RemoveAll(h.path("ledger.new"))))
	}
	err := h.log.Close()
	if err == nil {
		err = os.Rename(h.path("ledger"), h.path("ledger.old"))
	}
	if err == nil {
		err = h.finishReplace()
	}
	if err == nil {
		h.log, err = store.Open(h.path("ledger"))
	}
	if err != nil {
		return fmt.Errorf("replace log: %w", advise(err))
	}
	return nil
}

func (h *Home) writeNewLog(write func(l *store.Log) (store.Head, error)) error {
	return h.fillLog(func(l *store.Log) error {
		head, err := write(l)
		if err != nil {
			return err
		}
		head.End = l.End()
		return errors.Join(h.makeDir(h.temp()), store.WriteHead(h.path("ledger.new"), h.temp(), head))
	})
}

// fillLog makes a new log beside the old one, whole and durable.
func (h *Home) fillLog(fill func(l *store.Log) error) error {
	if err := os.RemoveAll(h.path("ledger.new")); err != nil {
		return err
	}
	l, err := store.Open(h.path("ledger.new"))
	if err != nil {
		return err
	}
	return errors.Join(fill(l), l.Close(), syncDir(h.dir))
}

// finishReplace does what a process that ended in ReplaceLog left undone. As long
// as the old log has its name, the new one may be unfinished; without it, the new
// one is whole.
func (h *Home) finishReplace() error {
	_, err := os.Stat(h.path("ledger"))
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(h.path("ledger.new"), h.path("ledger"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a new home
		}
		err = errors.Join(err, syncDir(h.dir))
	}
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(h.path("ledger.new")), os.RemoveAll(h.path("ledger.old")))
}
