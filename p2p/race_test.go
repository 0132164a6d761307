//go:build race

package p2p

// racing makes the largest simulations smaller: the detector costs 20 times.
const racing = true
