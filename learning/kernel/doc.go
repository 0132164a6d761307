// Package kernel is the float32 arithmetic that training needs: products of
// matrices in the three forms of a layer (forward with bias and ReLU, gradient of
// the weights, gradient of the inputs), softmax, and a step of SGD with momentum.
//
//	kernel.Affine(y, x, w, bias, true)    // y = max(0, x·w + bias)
//	kernel.MulAdd(dw, x.T(), dy)          // dw += xᵀ·dy
//	kernel.Mul(dx, dy, w.T())             // dx = dy·wᵀ
//
// Rows may overlap in memory, which makes a convolution a product: see Windows.
// Nothing is allocated and no goroutine is started: who has several processors
// trains several models, or peers, at once.
//
// # How
//
// There is assembly for AVX-512 and for AVX2 with FMA, chosen when the program
// starts, and portable Go for all else. A product is cut into panels of 32 columns
// (AVX2: 16). The assembly keeps a tile of 8 rows (4) of a panel in registers
// while it walks through the inner dimension. Elements of a come one at a time, so
// a may be a transpose; b is read where it is, or copied if it is one. Masks leave
// out the columns that do not exist: no tail needs code of its own, and nothing
// outside of the matrices is ever read or written. Narrow products, as convolutions
// have them, use half of each pair of vectors. After Goto and van de Geijn,
// "Anatomy of High-Performance Matrix Multiplication" (2008).
//
// # Why
//
// 256×256×256 on one core of an AMD EPYC (Zen 5), the best call of each, GFLOP/s:
//
//	gonum 0.17                                20
//	vek 0.4.2, a SIMD library for Go          14
//	OpenBLAS 0.3.21 from C                   135    it takes the processor for one with AVX2
//	the same, told better                    254    OPENBLAS_CORETYPE=SkylakeX
//	this package, portable                     8
//	this package, AVX2                       115    the processor can do 141
//	this package, AVX-512                    283
//
// OpenBLAS by way of cgo would be slower, need a C compiler, and take a library
// that is not everywhere; Go 1.26's own SIMD package needs an experiment flag. So
// it is assembly, and a plain go build works everywhere.
//
// A step of MLP 784-128-10 on 32 samples takes 60 µs, 530,000 samples/s, against
// 142,000 with PyTorch 1.13 in turns on the same core (179,000 with OpenBLAS told
// better). Four of five MNIST pixels are 0, but leaving them out one by one is
// slower than not looking: it gave 60,000. Only the portable code does it. A small
// CNN (cnn:8,16 of learning/model) trains with 27,000 samples/s, with PyTorch
// 17,000 (19,000): as products of overlapping windows, without copies of patches,
// which gave 12,000.
//
//	go test ./learning/kernel -run '^$' -bench . -cpu 1
//	/usr/bin/python3 learning/kernel/bench/pytorch.py
//
// # Promises
//
// Results depend on the processor in their last bits, within the bounds that each
// function names, so nothing that is hashed or paid may depend on them. All
// functions may be called by many goroutines at once on memory of their own.
package kernel
