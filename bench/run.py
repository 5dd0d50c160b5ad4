"""Runs rows of the table and their peers, on one thread and on two; called by scripts/bench.sh.

usage: run.py --bin FOLDER --out FOLDER [--threads 1,2] [--no-peers] [ROW...]     rows: P1 ... P13

Writes OUT/results.jsonl (every figure) and OUT/results.md (the table). A peer that is not here is named in both.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import time

import table

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.normpath(os.path.join(HERE, "..", "..", "shared"))
PYTHON = "/usr/bin/python3"  # Debian's, whose packages the peers use
# Which program row holds which rows of the table.
PROGRAM_ROWS = {"P1": "P1", "P2": "P2-P3", "P3": "P2-P3", "P4": "P4-P5", "P5": "P4-P5", "P6": "P6", "P7": "P7",
                "P8": "P8", "P9": "P9", "P10": "P10", "P11": "P11", "P12": "P12", "P13": "P13"}
PACKAGES = {"numpy": "python3-numpy", "scipy": "python3-scipy", "torch": "python3-torch",
            "pandas": "python3-pandas", "optuna": "python3-optuna"}


def songs_csv():
    return os.path.join(SHARED, "data", "spotify_songs.csv")


def say(text):
    print(text, file=sys.stderr, flush=True)


class Watch:
    """How many cores other processes used meanwhile (from /proc/stat)."""

    def __enter__(self):
        self.begin = time.monotonic(), self.machine(), self.children()
        return self

    def __exit__(self, *unused):
        wall, machine, children = (b - a for a, b in zip(self.begin, (time.monotonic(), self.machine(),
                                                                      self.children())))
        self.others = max(0.0, machine - children) / max(wall, 0.1)

    @staticmethod
    def machine():
        with open("/proc/stat") as f:
            ticks = [int(x) for x in f.readline().split()[1:]]
        return (sum(ticks[0:3]) + sum(ticks[5:8])) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime


class Run:
    def __init__(self, folder, out):
        self.folder, self.lines, self.absent, self.split = folder, [], [], None
        self.path = os.path.join(out, "results.jsonl")
        self.file = open(self.path, "w")

    def add(self, line):
        self.lines.append(line)
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    def missing(self, row, who, why):
        self.add({"row": row, "who": who, "absent": why})
        say("%s: %s is not measured: %s" % (row, who, why))

    def command(self, row, command, environment=None, convert=lambda line: line):
        """Takes the JSON lines that a command writes; a command that fails is said, not fatal."""
        say("$ " + " ".join(os.path.basename(w) if os.path.isabs(w) else w for w in command))
        with Watch() as watch:
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                                    env={**os.environ, **(environment or {})})
        for text in result.stdout.splitlines():
            if text.startswith("{"):
                self.add({**convert(json.loads(text)), "others": round(watch.others, 2)})
        if result.returncode:
            self.missing(row, " ".join(os.path.basename(w) for w in command[:2]), "exit code %d" % result.returncode)

    def own(self, row, threads):
        if row in ("P8", "P12"):
            self.split_as_the_peers()
        self.command(row, [os.path.join(self.folder, "runnel_bench"), "--threads", str(threads),
                           "--data", os.path.join(SHARED, "data"),
                           "--program", os.path.join(self.folder, "runnel"), row],
                     environment={"RUNNEL_BENCH_SPLIT": self.split} if self.split else None)

    def split_as_the_peers(self):
        """The songs as the peers of P8 split them, so that losses on validation rows can be compared."""
        path = os.path.join(os.path.dirname(self.path), "songs.csv")
        script = os.path.join(HERE, "peers", "split_songs.py")
        if self.split is None and os.path.exists(songs_csv()) and not packages_missing("numpy", "pandas"):
            if subprocess.run([PYTHON, "-B", script, os.path.join(SHARED, "bench"), songs_csv(), path]).returncode == 0:
                self.split = path


def packages_missing(*modules):
    """The Debian packages that a peer lacks, as a sentence; None when all are here."""
    if not os.path.exists(PYTHON):
        return "there is no " + PYTHON
    lacking = [m for m in modules
               if subprocess.run([PYTHON, "-c", "import " + m], stderr=subprocess.DEVNULL).returncode]
    if lacking:
        return "missing: apt-get install " + " ".join(PACKAGES[m] for m in lacking)
    return None


def shared_script(run, row, who, name, arguments, threads, case, modules):
    """A script of ../shared/bench. Each repetition is one of its runs; the script gives the median."""
    path = os.path.join(SHARED, "bench", name)
    why = packages_missing(*modules) if os.path.exists(path) else "../shared/bench/%s is not here" % name
    if why:
        return run.missing(row, who, why)

    def convert(line):
        return {"row": row, "case": case, "threads": threads, "who": who, **line}
    run.command(row, [PYTHON, path] + arguments + ["--threads", str(threads)], convert=convert)


def avx512_here():
    try:
        with open("/proc/cpuinfo") as f:
            return "avx512f" in f.read()
    except OSError:
        return False


# OpenBLAS takes AVX2 kernels on a processor whose name it does not know; its best ones are the honest bar.
BEST_OPENBLAS = {"OPENBLAS_CORETYPE": "SkylakeX"}


def products_beside_avx512(run, threads):
    def convert(line):
        return {**line, "case": line["case"] + table.BESIDE_AVX512}
    run.command("P7", [os.path.join(run.folder, "runnel_bench"), "--threads", str(threads), "P7"],
                environment=BEST_OPENBLAS, convert=convert)


def peers_of_p1(run, threads):
    for dtype in ("float64", "float32"):
        case = "f64" if dtype == "float64" else "f32"
        for who, repeats in (("gemm64", 5), ("seed", 1)):  # the seed's code takes most of a minute each time
            shared_script(run, "P1", who, "b1_linreg_grid.py", [who, "--dtype", dtype, "--repeats", str(repeats)],
                          threads, case, ["numpy", "scipy"])


def peers_of_p8(run, threads):
    rows = ["--csv", songs_csv()] if os.path.exists(songs_csv()) else []
    modules = ["numpy", "torch"] + (["pandas"] if rows else [])
    for batch in (32, 256):
        # Fewer epochs, and every 16th candidate of the loop, times what is left out: each takes minutes as it is.
        variants = [("loop-fast", ["--limit", "4", "--epochs-run", "1"]),
                    ("ens-bmm", ["--epochs-run", "1"]), ("ens-manual", ["--epochs-run", "1"])]
        if threads > 1:
            variants = [("ens-manual-mp2", ["--epochs-run", "1"])]
        # A search as people write it: every candidate of it to the end, once, for the loss it comes to.
        variants.append(("optuna%d" % min(threads, 2), ["--repeats", "1"]))
        for who, arguments in variants:
            needs = modules + ["optuna"] * who.startswith("optuna")
            shared_script(run, "P8", who, "b2_sweep.py",
                          [who, "--sweep", "mixed", "--batch", str(batch), "--repeats", "5"] + arguments + rows,
                          threads, "batch %d" % batch, needs)


def peers_of_steps(run, threads):
    why = packages_missing("torch")
    if why:
        run.missing("P2-P5", "PyTorch", why)
    else:
        run.command("P2-P5", [PYTHON, os.path.join(HERE, "peers", "torch_steps.py"), str(threads)])
    for program, who, package in (("torch_steps", "libtorch", "libtorch-dev"),
                                  ("eigen_steps", "Eigen", "libeigen3-dev")):
        path = os.path.join(run.folder, program)
        if os.path.exists(path):
            run.command("P4-P5", [path, str(threads)])
        else:
            run.missing("P4-P5", who, "missing: apt-get install %s, and build again" % package)


def first_line(command):
    """The first line of what a command prints; empty where it fails."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split("\n")[0]
    except OSError:
        return ""


def what_is_here():
    """The processor and the versions of the peers, as one sentence."""
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "?")
    parts = ["%s, %d cores" % (model, os.cpu_count()), first_line(["c++", "--version"])]
    for module in ("numpy", "torch"):
        version = first_line([PYTHON, "-c", "import %s; print(%s.__version__)" % (module, module)])
        if version:
            parts.append("%s %s" % ({"numpy": "NumPy", "torch": "PyTorch"}[module], version))
    blas = first_line(["dpkg-query", "-W", "-f", "${Version}", "libopenblas0-pthread"])
    if blas:
        parts.append("OpenBLAS " + blas)
    commit = first_line(["git", "-C", HERE, "log", "-1", "--format=%h of %cs"])
    return "; ".join(parts + ["commit " + commit] * bool(commit))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--least", action="store_true", help="the table tells the least times, not the medians")
    parser.add_argument("rows", nargs="*")
    a = parser.parse_args()
    wanted = a.rows or list(PROGRAM_ROWS)
    unknown = [r for r in wanted if r not in PROGRAM_ROWS]
    if unknown:
        parser.error("there is no row %s; rows: %s" % (unknown[0], " ".join(PROGRAM_ROWS)))
    os.makedirs(a.out, exist_ok=True)
    run = Run(os.path.abspath(a.bin), a.out)
    run.add({"row": "facts", "text": what_is_here()})
    counts = [int(t) for t in a.threads.split(",")]
    for threads in sorted({1, *counts}):  # limits are brought to this machine by the rates of one thread
        run.own("machine", threads)
        if avx512_here():
            run.command("machine", [os.path.join(run.folder, "runnel_bench"), "--threads", str(threads), "openblas"],
                        environment=BEST_OPENBLAS)
    for row in dict.fromkeys(PROGRAM_ROWS[r] for r in wanted):
        for threads in counts:
            run.own(row, threads)
            if a.no_peers:
                continue
            if row == "P1":
                peers_of_p1(run, threads)
            if row == "P7" and avx512_here():
                products_beside_avx512(run, threads)
            if row == "P8":
                peers_of_p8(run, threads)
    if not a.no_peers and {"P2", "P3", "P4", "P5"} & set(wanted):
        for threads in counts:
            peers_of_steps(run, threads)
    page = table.page(run.lines, "min" if a.least else "seconds")
    with open(os.path.join(a.out, "results.md"), "w") as f:
        f.write(page)
    print(page)


if __name__ == "__main__":
    main()
