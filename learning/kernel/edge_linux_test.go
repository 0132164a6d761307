package kernel

import (
	"syscall"
	"testing"
	"unsafe"
)

// edge returns n values behind which lies memory that must not be touched: who
// reads or writes there is killed.
func edge(t testing.TB, n int) []float32 {
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err == nil {
		err = syscall.Mprotect(memory[size:], syscall.PROT_NONE)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(memory) })
	all := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(memory))), size/4)
	return all[len(all)-n:]
}
