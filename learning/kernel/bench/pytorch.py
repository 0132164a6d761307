#!/usr/bin/python3
"""Trains MLP 784-128-10 and a small CNN at batch 32 with PyTorch and with grapevine,
each on one thread of this computer, in turns, and prints samples per second and
their ratio.

    /usr/bin/python3 learning/kernel/bench/pytorch.py [TURNS]

It needs Go, and PyTorch with a fast BLAS. It installs neither. On Debian:

    apt-get update && apt-get install --no-install-recommends python3-torch libopenblas0-pthread

Both sides do the same: the next 32 of 1,024 rows in memory, forward, softmax
cross-entropy, backward, SGD with momentum 0.9. The figure of a turn is that of its
quickest step, since the mean tells how busy the computer was; of the turns the best
counts. The mean is printed beside it. OpenBLAS does not know every processor:
OPENBLAS_CORETYPE=SkylakeX makes it use AVX-512 where it does not by itself.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", GOMAXPROCS="1")
try:
    import torch
    from torch import nn
except ImportError:
    sys.exit(__doc__)

BATCH, ROWS, SECONDS = 32, 1024, 0.5


def perceptron():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def convolutions():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(784, 10),
    )


MODELS = {"mlp:128": perceptron, "cnn:8,16": convolutions}


def pytorch(model):
    """Returns a function that trains for SECONDS: best and mean samples per second."""
    x = torch.rand(ROWS, 1, 28, 28) * (torch.rand(ROWS, 1, 28, 28) < 0.2)
    y = torch.randint(0, 10, (ROWS,))
    loss = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)

    def turn():
        least, steps, begin = float("inf"), 0, time.perf_counter()
        while time.perf_counter() - begin < SECONDS:
            start, at = time.perf_counter(), steps * BATCH % ROWS
            optimizer.zero_grad(set_to_none=True)
            loss(model(x[at : at + BATCH]), y[at : at + BATCH]).backward()
            optimizer.step()
            least, steps = min(least, time.perf_counter() - start), steps + 1
        return BATCH / least, BATCH * steps / (time.perf_counter() - begin)

    return turn


def grapevine(program, spec):
    """Returns the same of a benchmark of learning/model."""
    command = [program, "-test.run=^$", f"-test.bench=^BenchmarkStep$/^{spec}$", f"-test.benchtime={SECONDS}s"]

    def turn():
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [float(re.search(r"([\d.e+]+) " + unit, out).group(1)) for unit in ("best-samples/s", "samples/s")]

    return turn


def compare(program, spec, turns):
    sides = {"PyTorch": pytorch(MODELS[spec]()), "grapevine": grapevine(program, spec)}
    results = {name: [] for name in sides}
    for number in range(turns):
        for name, turn in sides.items():
            results[name].append(turn())
            best, mean = results[name][-1]
            print(f"{spec:8s} turn {number + 1}  {name:9s} {best:10,.0f} samples/s, mean {mean:10,.0f}", flush=True)
    theirs, ours = (max(best for best, _ in r) for r in results.values())
    print(f"{spec:8s} best    PyTorch {theirs:,.0f}, grapevine {ours:,.0f} samples/s: {ours / theirs:.1f} times as many")


def main():
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    torch.set_num_threads(1)
    torch.manual_seed(1)
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread")
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "model.test")
        subprocess.run(["go", "test", "-c", "-o", program, "./learning/model"], cwd=root, check=True)
        for spec in MODELS:
            compare(program, spec, turns)


main()
