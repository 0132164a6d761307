//go:build !unix

package main

import "syscall"

// detached lets a child outlive the terminal, as far as the system does so itself.
func detached() *syscall.SysProcAttr { return nil }
