#!/usr/bin/env python3
"""Runs transcripts: what is typed, what comes back, and the exit code, as text files.

    run_transcripts.py PROGRAM FILE.test...

A transcript runs in an empty folder of its own, in which `runnel` is the program (and `make_study FILE STATE`, which
lies beside it, makes a study):

    # a remark
    $ printf 'a,b\\n1,2\\n' > t.csv           a shell command line
    $ runnel fit t.csv --target c
    ! runnel: error: t.csv: no column 'c'[..]   a line of the standard error
    ? 2                                         the exit code; 0 when the line is missing

A line without a mark is a line of the standard output. In expected lines [..] stands for any text and [NUM] for a
number; a line "..." stands for any number of lines. Lines that begin with a mark themselves are written with a
backslash in front.
"""

import os
import re
import subprocess
import sys
import tempfile

NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"


class Step:
    def __init__(self, line, command):
        self.line, self.command = line, command
        self.out, self.err, self.code = [], [], 0


def read_steps(path):
    steps = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            if line.startswith("# ") or line == "#":
                continue
            if line.startswith("$ "):
                steps.append(Step(number, line[2:]))
            elif not steps:
                if line:
                    sys.exit(f"{path}:{number}: expected output before the first command")
            elif line.startswith("! "):
                steps[-1].err.append(line[2:])
            elif line.startswith("? "):
                steps[-1].code = int(line[2:])
            else:
                steps[-1].out.append(line[1:] if re.match(r"\\[#$!?\\]", line) else line)
    for step in steps:  # blank lines between transcripts are for the reader
        while step.out and step.out[-1] == "":
            step.out.pop()
    return steps


def pattern_of(line):
    parts = re.split(r"(\[\.\.\]|\[NUM\])", line)
    known = {"[..]": ".*", "[NUM]": NUMBER}
    return "".join(known.get(part, re.escape(part)) for part in parts)


def matches(expected, actual):
    """Whether the lines match, where "..." takes as many lines as it needs."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    if not actual or re.fullmatch(pattern_of(expected[0]), actual[0]) is None:
        return False
    return matches(expected[1:], actual[1:])


def lines_of(data):
    text = data.decode("utf-8", "replace")
    lines = text.split("\n")
    while lines and lines[-1] == "":
        lines.pop()
    return lines


def run_step(step, folder, environment):
    done = subprocess.run(["sh", "-c", step.command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=300, check=False)
    complaints = []
    for name, expected, actual in (("stdout", step.out, lines_of(done.stdout)),
                                   ("stderr", step.err, lines_of(done.stderr))):
        if not matches(expected, actual):
            complaints.append(f"  {name} differs; expected:")
            complaints += [f"    |{line}" for line in expected]
            complaints.append("  was:")
            complaints += [f"    |{line}" for line in actual]
    if done.returncode != step.code:
        complaints.append(f"  exit code {done.returncode}, expected {step.code}")
    return complaints


def run_file(program, path):
    failures = 0
    steps = read_steps(path)
    if not steps:
        sys.exit(f"{path}: no commands")
    with tempfile.TemporaryDirectory(prefix="runnel-cli-") as folder:
        tools = os.path.join(folder, ".bin")
        os.mkdir(tools)
        os.symlink(os.path.abspath(program), os.path.join(tools, "runnel"))
        maker = os.path.join(os.path.dirname(os.path.abspath(program)), "make_study")
        if os.path.exists(maker):
            os.symlink(maker, os.path.join(tools, "make_study"))
        environment = {"PATH": tools + os.pathsep + os.environ.get("PATH", "/usr/bin:/bin"), "HOME": folder,
                       "LC_ALL": "C.UTF-8", "TERM": "xterm", "RUNNEL_THREADS": "2",
                       "TESTS": os.path.dirname(os.path.abspath(__file__))}
        for name, value in os.environ.items():  # settings of sanitizers
            if name.endswith("SAN_OPTIONS"):
                environment[name] = value
        for step in steps:
            complaints = run_step(step, folder, environment)
            if complaints:
                failures += 1
                print(f"{path}:{step.line}: $ {step.command}")
                print("\n".join(complaints))
    print(f"{path}: {len(steps)} commands, {failures} not as expected")
    return failures


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(1 if sum(run_file(sys.argv[1], path) for path in sys.argv[2:]) else 0)


if __name__ == "__main__":
    main()
