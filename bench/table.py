"""From results.jsonl to the table: each figure beside what the row asks.

usage: table.py RESULTS.jsonl [--least]                 prints the table; --least: least times, not medians
       table.py RESULTS.jsonl [--least] --page FILE     writes it between the markers of a page, and the figures
                                                        of P11 into scale.md beside it
"""
import json
import os
import re
import sys

import floors

# The machine on which the limits and the quoted peers were measured: AVX-512 at about 3.4 GHz, one core.
REFERENCE = {"peak": 213.0, "clock": 3.4}

# Cores that others use below which a run counts as undisturbed.
QUIET = 0.12

# What the cases of P7 end in whose OpenBLAS was told to take its AVX-512 kernels.
BESIDE_AVX512 = ", AVX-512 told"

SEARCH_OVER_RANKS = "512 candidates over ranks"
SMALL, WAVE, DIGITS = "12-16-8-1", "2-16-16-1", "784-128-10"


class Ask:
    """What a row asks of a case. `least` is the ratio to be reached.

    kind   peer     the peer's seconds over ours
           quoted   a peer's seconds as quoted, brought to this machine, over ours
           limit    the seconds allowed, brought to this machine, over ours
           plain    the seconds (or other unit) allowed, as they are, over ours
           peak     our flops over the FMA peak of as many threads
           own      our one-thread seconds over ours
    scale  what brings seconds from the reference machine to this one: its f32 peak, or its clock where
           latency and not throughput bounds the work
    """

    def __init__(self, row, case, threads, kind, name, least=1.0, value=None, scale="peak"):
        self.row, self.case, self.threads, self.kind, self.name = row, case, threads, kind, name
        self.least, self.value, self.scale = least, value, scale


def asks():
    out = []
    for t in (1, 2):
        for dtype in ("f64", "f32"):
            out += [Ask("P1", dtype, t, "peer", "gemm64", 2), Ask("P1", dtype, t, "peer", "seed", 25),
                    Ask("P1", dtype, t, "peak", dtype, 0.6)]
        for row, name, limit, mlx in (("P2", SMALL, 0.6e-6, 17e-6), ("P3", WAVE, 2.5e-6, 65e-6)):
            for lanes in (16, 64, 256):
                case = "%s, %d abreast" % (name, lanes)
                # The quoted figures of functorch and MLX are those of sixteen models; more of them amortise a call.
                first = lanes == 16
                out += [Ask(row, case, t, "limit", "limit", value=limit),
                        *([Ask(row, case, t, "quoted", "MLX compiled vmap", 25, mlx)] if first else []),
                        Ask(row, case, t, "peer", "functorch", (75 if row == "P2" else 25) if first else None),
                        Ask(row, case, t, "peer", "torch bmm", None)]
        for name, limit, least in ((SMALL, 2e-6, 35), (WAVE, 5e-6, 18)):
            case = name + ", one model"
            out += [Ask("P4", case, t, "limit", "limit", value=limit), Ask("P4", case, t, "peer", "libtorch", least),
                    Ask("P4", case, t, "peer", "torch eager", None)]
        case = DIGITS + ", one model"
        out += [Ask("P5", case, t, "limit", "limit", value=230e-6 if t == 1 else 130e-6),
                Ask("P5", case, t, "peer", "libtorch", None), Ask("P5", case, t, "peer", "torch eager", None)]
        if t == 1:
            out.append(Ask("P5", case, t, "peer", "Eigen", None))
        out += [Ask("P6", "one point", t, "limit", "limit", value=40e-9, scale="clock"),
                Ask("P6", "4,096 points, each", t, "limit", "limit", value=1.3e-9, scale="clock"),
                Ask("P6", "4,096 points, each", t, "peer", "by hand", 1),
                Ask("P6", "4,096 points, each", t, "peer", "by hand, vectorised", None)]
        out.append(Ask("P7", "*", t, "peer", "OpenBLAS", 0.95))
        for batch, own in ((32, (300, 25, 12)), (256, (50, 12, None))):
            case = "batch %d" % batch
            out.append(Ask("P8", case, t, "peer", "optuna%d" % t, 100))
            if t == 1:
                out += [Ask("P8", case, t, "peer", who, least)
                        for who, least in zip(("loop-fast", "ens-bmm", "ens-manual"), own)]
            else:
                out += [Ask("P8", case, t, "own", "one thread", 1.9),
                        Ask("P8", case, t, "peer", "ens-manual-mp2", 15)]
        out += [Ask("P9", "one candidate, first result", t, "plain", "limit", value=30e-3),
                Ask("P9", "one candidate, test score", t, "shown", "", None),
                Ask("P9", "the default search, first output", t, "plain", "limit", value=30e-3),
                Ask("P9", "the default search, end", t, "shown", "", None),
                Ask("P10", "256 candidates of 60 epochs, kept", t, "peer", "no study", None),
                Ask("P10", "256 candidates of 400 epochs, kept", t, "peer", "no study", 0.97),
                Ask("P10", "from SIGKILL to resumed work", t, "shown", "", None),
                Ask("P12", "Hyperband, up to 81 epochs", t, "peer", "without rungs", 1),
                Ask("P12", "1,024 candidates, halving to 27 epochs", t, "peer", "without rungs", 1)]
    out += [Ask("P11", SEARCH_OVER_RANKS, 2, "own", "one rank", 1.9),
            Ask("P11", SEARCH_OVER_RANKS + ", start to end", 2, "own", "one rank", None)]
    for t in (1, 2):
        out += [Ask("P13", "a row of numbers", t, "plain", "limit", value=20e-6),
                Ask("P13", "a row of texts", t, "plain", "limit", value=20e-6),
                Ask("P13", "100,000 rows, each", t, "shown", "", None)]
    out.append(Ask("P9", "stripped program", 1, "plain", "limit", value=15))
    return out


class Results:
    def __init__(self, lines, statistic):
        self.lines = [{**line, "seconds": line[statistic]} if "seconds" in line else line
                      for line in lines if "case" in line]
        self.absent = [line for line in lines if "absent" in line]

    def find(self, row, case, threads, who):
        for line in self.lines:
            if (row in rows_of(line["row"]) and line["case"] == case and line["threads"] == threads
                    and line["who"] == who):
                return line
        return None

    def machine(self, case, threads=1):
        line = self.find("machine", case, threads, "machine")
        return line["value"] if line else None

    def peak(self, dtype, threads):
        return (self.machine("FMA peak %s, AVX-512" % dtype, threads)
                or self.machine("FMA peak %s, AVX2" % dtype, threads))


def rows_of(name):
    first, _, last = name.partition("-")
    return ["P%d" % i for i in range(int(first[1:]), int(last[1:]) + 1)] if last else [name]


def shown(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if seconds >= size:
            return "%.3g %s" % (seconds / size, unit)
    return "%.3g ns" % (seconds / 1e-9)


def value_of(line):
    return line["seconds"] if "seconds" in line else line["value"]


def text_of(line):
    return shown(line["seconds"]) if "seconds" in line else "%.3g %s" % (line["value"], line["unit"])


def compare(ask, ours, results):
    """(what it is compared with, as text; the ratio; how much of it is asked)."""
    mine, least = value_of(ours), ask.least
    if ask.kind == "shown":
        return "", None, None
    if ask.kind == "peak":
        peak = results.peak(ask.name, ask.threads)
        return "FMA peak, %.0f GFLOP/s" % peak, ours["flops"] / mine * 1e-9 / peak, least
    if ask.kind == "plain":
        return "limit, " + (shown(ask.value) if "seconds" in ours else "%g %s" % (ask.value, ours["unit"])), \
            ask.value / mine, least
    if ask.kind in ("limit", "quoted"):
        here = results.peak("f32", 1) if ask.scale == "peak" else results.machine("clock")
        value = ask.value * REFERENCE[ask.scale] / here
        name = "limit" if ask.kind == "limit" else ask.name + " (quoted)"
        return "%s, %s here (%s there)" % (name, shown(value), shown(ask.value)), value / mine, least
    if ask.kind == "own":
        one = results.find(ask.row, ask.case, 1, "runnel")
        return (ask.name + ", " + text_of(one), value_of(one) / mine, least) if one else (None, None, least)
    peer = results.find(ask.row, ask.case, ask.threads, ask.name)
    if peer is None:
        return ask.name + ": not measured", None, least
    text = ask.name + ", " + text_of(peer)
    if "extrapolated_x" in peer:
        text += " (from 1/%.3g of it)" % peer["extrapolated_x"]
    return text, value_of(peer) / mine, least


def cases(ask, results):
    if ask.case != "*":
        return [ask]
    names = dict.fromkeys(line["case"] for line in results.lines if line["row"] == ask.row)
    out = []
    for name in names:
        at_1024 = name.startswith("1024x1024 ")
        out.append(Ask(ask.row, name, ask.threads, ask.kind, ask.name, 1.0 if at_1024 else ask.least))
    return out


def table_lines(results):
    lines = ["| row | case | threads | Runnel | compared with | ratio | asked | |",
             "|---|---|---|---|---|---|---|---|"]
    for ask in sorted((c for a in asks() for c in cases(a, results)), key=lambda a: int(a.row[1:])):
        ours = results.find(ask.row, ask.case, ask.threads, "runnel")
        if ours is None:
            continue
        against, ratio, least = compare(ask, ours, results)
        if against is None:
            continue
        verdict = "" if ratio is None or least is None else "reached" if ratio >= least else "**not yet**"
        lines.append("| %s | %s | %d | %s | %s | %s | %s | %s |" % (
            ask.row, ask.case, ask.threads, text_of(ours), against, "" if ratio is None else "%.3g" % ratio,
            "" if least is None else "%g" % least, verdict))
    return lines


def floor_lines(results):
    """What part of the floor of docs/performance.md each case reaches."""
    lines = ["| row | case | threads | flops | slots | bytes | floor | Runnel | of the floor |",
             "|---|---|---|---|---|---|---|---|---|"]
    for line in results.lines:
        if line["who"] != "runnel" or "seconds" not in line:
            continue
        work = floors.work_of(line["case"])
        # A time of P2 and P3 is that of one core, on however many; P4 and P6 are too small to be split.
        cores = 1 if line["row"] in ("P2-P3", "P6") or "-1, one model" in line["case"] else line["threads"]
        if work is None or results.peak(work.dtype, cores) is None:
            continue
        floor = work.floor(results.peak(work.dtype, cores), results.machine(work.level, cores),
                           results.machine("clock"))
        lines.append("| %s | %s | %d | %s | %s | %s | %s | %s | %.0f%% |" % (
            line["row"], line["case"], line["threads"], short(work.flops), short(work.slots), short(work.bytes),
            shown(floor), shown(line["seconds"]), 100 * floor / line["seconds"]))
    return lines


def short(count):
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return "%.3g %s" % (count / size, unit)
    return "%g" % count


def machine_lines(results):
    lines = ["| this machine | one thread | two threads |", "|---|---|---|"]
    seen = dict.fromkeys((line["case"], line["who"]) for line in results.lines if line["row"] == "machine")
    for case, who in seen:
        cells = []
        for threads in (1, 2):
            line = results.find("machine", case, threads, who)
            cells.append("%.4g %s" % (line["value"], line["unit"]) if line else "")
        name = case if who == "machine" else "%s, %s kernels" % (case, who)
        lines.append("| %s | %s | %s |" % (name, *cells))
    return lines


def page(lines, statistic="seconds"):
    facts = [line["text"] for line in lines if line["row"] == "facts"]
    results = Results([line for line in lines if line["row"] != "facts"], statistic)
    out = ["The %s of at least five runs." % ("median" if statistic == "seconds" else "least"), ""]
    if facts:
        out += ["On this machine: " + facts[0] + ".", ""]
    busy = max((line.get("others", 0) for line in results.lines), default=0)
    if busy > QUIET:
        out += ["**Disturbed**: other programs used up to %.1f cores meanwhile, so the figures are worse and the "
                "ratios less certain than on a quiet machine." % busy, ""]
    out += machine_lines(results) + [""] + table_lines(results)
    out += ["", "The floors, and what part of them is reached:", ""] + floor_lines(results)
    for text in dict.fromkeys("%s: %s was not measured (%s)." % (line["row"], line["who"], line["absent"])
                              for line in results.absent):
        out += ["", text]
    memory = [(line["case"], line["threads"], line["rss_mb"]) for line in results.lines
              if line["row"] == "P8" and line["who"] == "runnel"]
    if memory:
        out += ["", "P8, most memory held: " + "; ".join("%s on %d: %.0f MB" % m for m in memory) + "."]
    losses = ["%s, %s on %d: %.4f" % (line["case"], line["who"], line["threads"], line["best_logloss"])
              for line in results.lines if line.get("best_logloss") and (line["row"] == "P12" or line["who"] == "runnel"
                                                                         or line["who"].startswith("optuna"))]
    if losses:
        out += ["", "P8 and P12, the best candidate's loss on validation rows: " + "; ".join(losses) + "."]
    return "\n".join(out) + "\n"


def scale_page(lines, statistic="seconds"):
    """The figures of docs/scale.md: a search on one rank and on two."""
    facts = [line["text"] for line in lines if line["row"] == "facts"]
    results = Results([line for line in lines if line["row"] != "facts"], statistic)
    out = ["On this machine: " + facts[0] + ".", ""] if facts else []
    out += ["| | one rank | two ranks | ratio | efficiency |", "|---|---|---|---|---|"]
    for case, name in ((SEARCH_OVER_RANKS, "the search"), (SEARCH_OVER_RANKS + ", start to end", "the whole command")):
        one, two = (results.find("P11", case, t, "runnel") for t in (1, 2))
        if one is None or two is None:
            return "Not measured in this run.\n"
        ratio = one["seconds"] / two["seconds"]
        out.append("| %s | %s | %s | %.3g | %.0f%% |" % (name, text_of(one), text_of(two), ratio, 50 * ratio))
    return "\n".join(out) + "\n"


def refresh(path, text, name="figures"):
    """Writes the text between the markers of a page."""
    begin, end = "<!-- %s: written by scripts/bench.sh --page -->" % name, "<!-- end of %s -->" % name
    with open(path) as f:
        old = f.read()
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    new, count = re.subn(pattern, lambda _: begin + "\n" + text + end, old, flags=re.S)
    if count != 1:
        sys.exit("%s does not have the markers of the figures once" % path)
    with open(path, "w") as f:
        f.write(new)


def main():
    words = [w for w in sys.argv[1:] if w != "--least"]
    statistic = "min" if "--least" in sys.argv else "seconds"
    with open(words[0]) as f:
        lines = [json.loads(line) for line in f]
    if words[1:2] == ["--page"]:
        refresh(words[2], page(lines, statistic))
        refresh(os.path.join(os.path.dirname(words[2]), "scale.md"), scale_page(lines, statistic), "scale")
    else:
        print(page(lines, statistic))


if __name__ == "__main__":
    main()
