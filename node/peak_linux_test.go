package node

import (
	"os"
	"syscall"
)

// peakMiB is the largest resident size of a process that has ended.
func peakMiB(s *os.ProcessState) int64 {
	if u, is := s.SysUsage().(*syscall.Rusage); is {
		return int64(u.Maxrss) >> 10
	}
	return 0
}
