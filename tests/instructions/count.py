"""Counts the instructions of a piece of work under callgrind and compares them with those kept, within 2%; and those of
tracing and compiling, which must grow in proportion to the graph.

usage: count.py PROGRAM COMPILER            compares with expected.json
       count.py PROGRAM COMPILER --record   writes expected.json anew
       count.py PROGRAM COMPILER --growth   the proportion alone

A count does not depend on how fast or how busy a machine is, so a regression shows anywhere. What starting,
tracing and compiling take cancels: a count is the difference of two runs. Valgrind knows no AVX-512, so the
AVX2 kernels are counted, on one thread. Exit code 77 (skipped): no valgrind here, or another compiler's code.
"""
import json
import os
import re
import shutil
import subprocess
import sys

EXPECTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.json")
# How many more times in the second run; pieces in each. Starting varies by some ten thousand instructions from run
# to run (where the loader puts things decides), so the difference must be of millions.
WORKS = {"point": (50000, 1), "step": (4, 16)}
TOLERANCE = 0.02
# Equations of three chains. From the first to the second and from the second to the third are as many more, so the
# third costs on top what the second does; if time grew with the square, 2.2 times that.
CHAINS = (500, 2000, 3500)
MOST_GROWTH = 1.5
SKIPPED = 77


def instructions(program, work, times):
    environment = {**os.environ, "RUNNEL_ISA": "avx2", "RUNNEL_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, work, str(times)]
    result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    found = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode or not found:
        sys.exit("%s failed:\n%s" % (" ".join(command), result.stderr))
    return int(found.group(1))


def count(program):
    counts = {}
    for work, (more, pieces) in WORKS.items():
        base = 2  # the first call traces and compiles, the second meets warm caches
        difference = instructions(program, work, base + more) - instructions(program, work, base)
        counts[work] = round(difference / (more * pieces), 1)
    return counts


def growth(program):
    """How much more the last equations of a long chain cost than the first."""
    costs = [instructions(program, "chain", length) for length in CHAINS]
    return (costs[2] - costs[1]) / (costs[1] - costs[0])


def main():
    program, compiler = sys.argv[1:3]
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        sys.exit(SKIPPED)
    if sys.argv[3:] == ["--growth"]:
        factor = growth(program)
        print("the last %d equations cost %.2f times what those before them do" % (CHAINS[2] - CHAINS[1], factor))
        sys.exit(0 if factor < MOST_GROWTH else "tracing or compiling grows faster than the graph")
    if sys.argv[3:] == ["--record"]:
        with open(EXPECTED, "w") as f:
            json.dump({"compiler": compiler, "instructions": count(program)}, f, indent=2)
            f.write("\n")
        print(open(EXPECTED).read())
        return
    with open(EXPECTED) as f:
        expected = json.load(f)
    if expected["compiler"] != compiler:
        print("skipped: the counts were kept for %s, and this is %s" % (expected["compiler"], compiler))
        sys.exit(SKIPPED)
    wrong = False
    for work, got in count(program).items():
        kept = expected["instructions"][work]
        apart = got / kept - 1
        print("%-6s %12.1f instructions, kept %12.1f, %+.2f%%" % (work, got, kept, 100 * apart))
        wrong = wrong or abs(apart) > TOLERANCE
    if wrong:
        sys.exit("More than 2% apart. If that is meant, or a gain to be kept, record the counts anew:\n"
                 "  cmake --build --preset release --target record_instructions")


if __name__ == "__main__":
    main()
