//go:build unix

package main

import "syscall"

// detached lets a child outlive the terminal.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
