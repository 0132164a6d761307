package store

// roll ends the tail and goes on in the next segment. The next one is durable
// before the tail is closed, so a closed segment always has a successor.
// A full disk leaves a log that can try again.
func (l *Log) roll() error {
	if err := l.flush(); err != nil {
		return err
	}
	if err := l.prepare(); err != nil {
		return err
	}
	if err := l.write(rolled, nil); err != nil {
		return err
	}
	if err := l.flush(); err != nil {
		return err
	}
	_ = l.tail.Close() // it is synced
	l.tail, l.next = l.next, nil
	l.shown.Lock()
	defer l.shown.Unlock()
	l.ends = append(l.ends, segmentHeader)
	l.durable = l.end()
	return nil
}

// prepare makes the next segment, unless an earlier roll did before it found
// the disk full.
func (l *Log) prepare() error {
	if l.next != nil {
		return nil
	}
	end := l.end()
	info := segmentInfo{id: l.id, number: end.Segment + 1, before: end.Offset + recordHeader}
	next, err := createSegment(l.fsys, l.dir, info)
	if err != nil && full(err) {
		return err
	}
	if err != nil {
		return l.abandon(err)
	}
	l.next = next
	if err := syncSegment(l.fsys, l.dir, next); err != nil {
		return l.abandon(err)
	}
	return nil
}
