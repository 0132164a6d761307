package store

import "fmt"

// Damage says that stored bytes are not the ones that were written. It is what
// Open refuses and what Check reports; the bytes are never repaired in place.
// To save the rest, copy what Check yields without an error into a new log.
type Damage struct {
	File   string // path of the file
	Offset int64  // byte in File where the damaged part begins
	What   string // what is wrong, for a person
	Newer  bool   // nothing is: a newer program made it

	torn bool // a write that a crash cut short looks like this
}

// Error names the file, the byte and what is wrong there.
func (d *Damage) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", d.File, d.Offset, d.What)
}
