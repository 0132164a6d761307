// Package sim steps many engines in one goroutine, from one seed, in virtual
// time: the same engines that real nodes run, with delayed and scrambled
// delivery, crashes, restored backups, partitions and adversaries. After each
// step it checks what must never break; a failing seed is printed and replays.
//
//	w, err := sim.New(sim.Config{Seed: 7, Validators: 4})
//	err = w.Run(5) // until five rounds are settled
//
// What is learnt here is a toy: each peer holds a noisy copy of a secret vector
// and pulls the model towards it.
package sim
