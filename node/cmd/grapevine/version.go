package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

type versionReport struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	Target  string `json:"target"`
}

func versionCommand(p *printer) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			r := versionReport{version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return p.answer(r, func(w io.Writer) { fmt.Fprintf(w, "grapevine %s, %s, %s\n", r.Version, r.Go, r.Target) })
		},
	}
}

// version is that of the program, as its build tells.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
