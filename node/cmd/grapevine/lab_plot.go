package main

import "github.com/grapevine-network/grapevine/node/sim/lab"

func (f *labFlags) draw(r *lab.Report) error { return nil }
