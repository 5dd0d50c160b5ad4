"""What each case computes and moves, and the least time that this implies on a machine of given rates.

A case's work is counted in flops of its products (two for each multiply-add), in slots of the vector units for
everything else (one operation on one element; a multiply-add is one slot too), and in bytes that must come from
a level of the memory. Arithmetic and traffic overlap, so the floor is the larger of the two:

    floor = max((flops + 2 slots) / FMA peak, bytes / bandwidth of that level)

docs/performance.md says where the counts come from.
"""
import re

# Slots of a function on one element: what a vector version without branches takes.
TANH, EXP, LOG, DIVIDE, SQRT, PHILOX_WORD = 25, 15, 25, 8, 8, 30
# Of a logistic loss and its derivative: exp, log1p, logistic, and a few operations.
LOGISTIC_LOSS = EXP + LOG + EXP + 5

MEMORY, L2 = "bandwidth, 256 MB", "bandwidth, 512 KB a thread"


class Work:
    def __init__(self, flops=0.0, slots=0.0, bytes=0.0, level=L2, dtype="f32", cycles=0.0):
        self.flops, self.slots, self.bytes, self.level, self.dtype = flops, slots, bytes, level, dtype
        self.cycles = cycles  # a chain of operations that wait for each other

    def floor(self, peak, bandwidth, clock):
        return max((self.flops + 2 * self.slots) / (peak * 1e9), self.bytes / (bandwidth * 1e9),
                   self.cycles / (clock * 1e9))


def weights(sizes):
    return sum(a * b for a, b in zip(sizes, sizes[1:]))


def product_flops(sizes, rows):
    """Forward, gradients of all weights, and of all inputs but the first layer's."""
    return 2 * rows * (3 * weights(sizes) - sizes[0] * sizes[1])


def network_step(sizes, rows, activation, loss):
    """One step of gradient descent; slots of one activation with its derivative, and of one row's loss."""
    hidden, outputs = sum(sizes[1:-1]), sizes[-1]
    parameters = weights(sizes) + hidden + outputs
    # Adding biases, summing their gradients; the update is a product and a difference.
    slots = rows * (hidden * (activation + 2) + outputs * 2 + loss) + 2 * parameters
    # Each activation and each of their derivatives is written once and read twice; weights are read by both
    # products, and read and written by the update.
    moved = 4 * (6 * rows * (hidden + outputs) + 4 * parameters)
    return Work(product_flops(sizes, rows), slots, moved)


def grid(dtype):
    rows, choose, width, lanes, epochs = 3200, 800, 2304, 64, 64
    flops = lanes * epochs * width * (4 * rows + 2 * choose)
    size = 8 if dtype == "f64" else 4
    return Work(flops, 0, epochs * (rows + choose) * width * size, MEMORY, dtype)  # each row once an epoch


def songs(batch):
    rows, choose, epochs = 19699, 6566, 25
    total = Work()
    for index in range(64):
        sizes = [[12, 14, 1], [12, 6, 6, 6, 1], [12, 10, 5, 1]][index % 3]
        hidden = sum(sizes[1:-1])
        parameters = weights(sizes) + sum(sizes[1:])
        steps = rows // batch * epochs
        # relu and dropout with their derivatives on hidden units; a random word for each of them.
        slots = batch * (hidden * (PHILOX_WORD + 3 + 4 + 2) + LOGISTIC_LOSS + 2)
        slots += parameters * (2 * DIVIDE + SQRT + 10)  # Adam
        total.flops += steps * product_flops(sizes, batch) + epochs * choose * 2 * weights(sizes)
        total.slots += steps * slots
    return total


def work_of(case):
    """The work of a case of the table by its name; None where arithmetic bounds nothing."""
    if case in ("f64", "f32"):
        return grid(case)
    if case.startswith("12-16-8-1"):
        return network_step([12, 16, 8, 1], 32, 3, LOGISTIC_LOSS)
    if case.startswith("2-16-16-1"):
        return network_step([2, 16, 16, 1], 100, TANH + 3, 4)
    if case.startswith("784-128-10"):
        step = network_step([784, 128, 10], 64, 3, 10 * (EXP + EXP + 5) + LOG)
        step.bytes += 2 * 4 * 64 * 784  # here the inputs count too: both products of the first layer read them
        return step
    if case == "one point":
        return Work(cycles=12 * 3.5)  # twelve operations of the longest chain, three or four cycles each
    if case == "4,096 points, each":
        return Work(slots=20, bytes=5 * 8, dtype="f64")
    if case in ("a row of numbers", "a row of texts"):
        parameters = weights([12, 128, 64, 1]) + 193
        return Work(2 * parameters, 0, 4 * parameters)  # every weight is read once
    if case == "100,000 rows, each":
        return Work(2 * weights([12, 128, 64, 1]), 192)
    if case.startswith("batch "):
        return songs(int(case.split()[1]))
    product = re.fullmatch(r"(\d+)x(\d+) \. (\d+)x(\d+) (f\d\d)", case)
    if product:
        m, k, _, n = (int(x) for x in product.groups()[:4])
        dtype = product.group(5)
        size = 8 if dtype == "f64" else 4
        return Work(2.0 * m * n * k, 0, size * (m * k + k * n + m * n), MEMORY if m * n >= 1 << 20 else L2, dtype)
    return None
