"""Peers of P2 to P5: PyTorch from Python. The same networks and batches, measured the same way.

  eager      nn.Sequential, autograd, optim.SGD, one model after the other
  bmm        K models as one: torch.baddbmm over a leading model axis, autograd, one rate for each model
  functorch  vmap(grad_and_value) over stacked parameters

usage: torch_steps.py THREADS
"""
import json
import os
import statistics
import sys
import time

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import torch  # noqa: E402  (reads its number of threads when it is loaded)
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(THREADS)
torch.manual_seed(0)


def report(row, case, who, seconds):
    print(json.dumps({"row": row, "case": case, "threads": THREADS, "who": who,
                      "seconds": statistics.median(seconds), "min": min(seconds), "max": max(seconds),
                      "runs": len(seconds)}), flush=True)


def measure(work, steps, runs=7, at_least=0.2, budget=10):
    """Seconds of a step: each run makes `steps` steps as often as makes it last; five runs do where they are slow."""
    work()
    start = begin = time.perf_counter()
    work()
    calls = 1 + int(at_least / (time.perf_counter() - begin))
    seconds = []
    for _ in range(runs):
        if len(seconds) >= 5 and time.perf_counter() - start > budget:
            break
        begin = time.perf_counter()
        for _ in range(calls):
            work()
        seconds.append((time.perf_counter() - begin) / (calls * steps))
    return seconds


class Work:
    """A network, its batches and its loss."""

    def __init__(self, name, sizes, activation, loss, x, y):
        self.name, self.sizes, self.activation, self.loss = name, sizes, activation, loss
        self.batches = list(zip(x.unbind(0), y.unbind(0)))


def works(steps):
    one_x, one_y = torch.randn(100, 2), torch.randn(100)
    logistic = F.binary_cross_entropy_with_logits
    return {
        "P2": Work("12-16-8-1", [12, 16, 8, 1], torch.relu, lambda z, y: logistic(z.squeeze(-1), y),
                   torch.randn(steps, 32, 12), torch.randint(2, (steps, 32)).float()),
        "P3": Work("2-16-16-1", [2, 16, 16, 1], torch.tanh, lambda z, y: F.mse_loss(z.squeeze(-1), y),
                   one_x.expand(steps, 100, 2), one_y.expand(steps, 100)),
        "P5": Work("784-128-10", [784, 128, 10], torch.relu, F.cross_entropy,
                   torch.rand(16, 64, 784), torch.randint(10, (16, 64))),
    }


class Activate(torch.nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


def eager(work):
    layers = []
    for i, (a, b) in enumerate(zip(work.sizes, work.sizes[1:])):
        layers += [torch.nn.Linear(a, b)] + ([Activate(work.activation)] if i + 2 < len(work.sizes) else [])
    net = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)

    def steps():
        for x, y in work.batches:
            optimizer.zero_grad(set_to_none=True)
            work.loss(net(x), y).backward()
            optimizer.step()
    return steps


def stacked(work, lanes):
    pairs = list(zip(work.sizes, work.sizes[1:]))
    return ([torch.randn(lanes, a, b) * (2 / a) ** 0.5 for a, b in pairs],
            [torch.zeros(lanes, 1, b) for _, b in pairs],
            0.05 * (0.5 + torch.arange(lanes) / lanes).view(-1, 1, 1))


def bmm(work, lanes):
    weights, biases, rate = stacked(work, lanes)
    parameters = weights + biases
    for p in parameters:
        p.requires_grad_(True)

    def steps():
        for x, y in work.batches:
            h = x.expand(lanes, *x.shape)
            for i, (w, b) in enumerate(zip(weights, biases)):
                h = torch.baddbmm(b, h, w)
                if i + 1 < len(weights):
                    h = work.activation(h)
            # the sum of the models' own mean losses, so that each gets its own gradient
            loss = work.loss(h, y.expand(lanes, *y.shape)) * lanes
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                torch._foreach_sub_(parameters, [rate * g for g in gradients])
    return steps


def vectorised(work, lanes):
    import functorch
    weights, biases, rate = stacked(work, lanes)
    parameters = weights + biases
    layers = len(weights)

    def loss_of(p, x, y):
        h = x
        for i in range(layers):
            h = h @ p[i] + p[layers + i]
            if i + 1 < layers:
                h = work.activation(h)
        return work.loss(h, y)
    gradient = functorch.vmap(functorch.grad_and_value(loss_of), in_dims=(0, None, None))

    def steps():
        for x, y in work.batches:
            gradients, _ = gradient(parameters, x, y)
            torch._foreach_sub_(parameters, [rate * g for g in gradients])
    return steps


def main():
    all_works = works(20)
    for row, work in all_works.items():
        report("P4-P5", work.name + ", one model", "torch eager", measure(eager(work), len(work.batches)))
    try:
        import functorch  # noqa: F401
        kinds = {"torch bmm": bmm, "functorch": vectorised}
    except ImportError:
        print("functorch is not installed", file=sys.stderr)
        kinds = {"torch bmm": bmm}
    for row in ("P2", "P3"):
        work = all_works[row]
        for lanes in (16, 64, 256):
            for who, make in kinds.items():
                seconds = measure(make(work, lanes), len(work.batches))
                report("P2-P3", "%s, %d abreast" % (work.name, lanes), who, [s / lanes for s in seconds])


main()
