package home

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// version is the layout of a home that this program writes.
const version = 1

const newConfig = `version = 1 # the layout of this directory; grapevine keeps it
`

var versionLine = regexp.MustCompile(`^version\s*=\s*([0-9]{1,9})\s*(?:#.*)?$`)

// checkVersion refuses layouts that this program does not know. A home that is
// just being made gets its config.toml here.
func (h *Home) checkVersion() error {
	path := h.path("config.toml")
	b, err := read(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) && !h.readOnly {
		return h.replace(path, []byte(newConfig))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is not a grapevine home; choose another --home", err, h.dir)
	}
	if err != nil {
		return err
	}
	v, ok := parseVersion(string(b))
	switch {
	case !ok:
		return fmt.Errorf("%s does not begin with its version: write %q before all other keys", path, "version = 1")
	case v > version:
		return fmt.Errorf("%s was written by a newer grapevine (format %d); update this one", h.dir, v)
	case v < version:
		return fmt.Errorf("%s has format %d, which no grapevine writes: write %q as the first key of %s", h.dir, v, "version = 1", path)
	}
	return nil
}

// parseVersion reads the first key of a config file, which is the version. The
// other keys are the business of whoever reads the configuration.
func parseVersion(config string) (int, bool) {
	for line := range strings.Lines(config) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		match := versionLine.FindStringSubmatch(line)
		if match == nil {
			return 0, false
		}
		v, err := strconv.Atoi(match[1])
		return v, err == nil
	}
	return 0, false
}
