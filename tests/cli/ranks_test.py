"""A search over ranks is the search of one process: the same model, the same study, whatever the ranks, and whoever dies.

    ranks_test.py PROGRAM MPIRUN
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

from model_file import tensors

PROGRAM = os.path.abspath(sys.argv[1])
MPIRUN = sys.argv[2]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "RUNNEL_THREADS": "1",
               "OMPI_MCA_btl_base_warn_component_unused": "0"}

# Uneven blocks: shapes of very different cost, and epochs that differ as well.
SPACE = ["--space", "rate=1e-4..1e-1", "--space", "hidden=none,4,32x32x32", "--space", "batch=16,64"]
SEARCHES = {
    "full": ["--folds", "0", "--random", "24", *SPACE, "--space", "epochs=2,9"],
    "halving": ["--folds", "0", "--random", "24", *SPACE, "--epochs", "9", "--scheduler", "halving"],
    "hyperband in folds": ["--folds", "2", "--random", "22", *SPACE, "--epochs", "9", "--scheduler", "hyperband"],
}
TABLE = ["demo:moons", "--rows", "600", "--seed", "5", "--dropout", "0.1"]
SHARDS = ["demo:moons", "--rows", "600", "--folds", "0", "--hidden", "32x32", "--epochs", "3", "--batch", "50", "--dropout",
          "0.2", "--clip", "1", "--shards", "6"]


def show(study):
    done = subprocess.run([PROGRAM, "study", "show", study, "--json"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def told(study):
    """All that a study says of its search, but for when, how long and how often it ran."""
    rows = subprocess.run([PROGRAM, "study", "export", study, "--format", "jsonl"], check=True, capture_output=True, text=True)
    all_of_it = show(study)
    for key in ("path", "began", "seconds", "timings", "runs", "command"):
        all_of_it.pop(key)
    all_of_it["configuration"].pop("caller")
    return rows.stdout, all_of_it


def plain(text):
    """A report without what may differ: blocks and times, the model's name."""
    text = re.sub(r"in \d+ blocks?", "in N blocks", text)
    text = re.sub(r"\d+(\.\d+)? (ms|s|min)\b", "T", text)
    return re.sub(r"\S+\.(st|study)\b", "FILE", text)


def words(ranks, arguments):
    launch = [] if ranks == 0 else [MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]
    return [*launch, PROGRAM, "fit", *arguments]


def run(ranks, arguments):
    return subprocess.run(words(ranks, arguments), capture_output=True, text=True, env=ENVIRONMENT, timeout=300)


class Ranks(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="runnel-ranks-")
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def fit(self, ranks, arguments, name, code=0):
        done = run(ranks, [*arguments, "--study", self.path(name + ".study"), "-o", self.path(name + ".st")])
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def results(self, name):
        return tensors(self.path(name + ".st")), told(self.path(name + ".study"))

    def test_same_bits_for_any_number_of_ranks(self):
        for what, search in SEARCHES.items():
            expected = None
            for ranks in (0, 1, 2, 3, 4):
                name = "%s-%d" % (what.replace(" ", "-"), ranks)
                text = plain(self.fit(ranks, [*TABLE, *search], name).stdout)
                found = (*self.results(name), text)
                expected = expected or found
                for part, a, b in zip(("model", "study", "text"), expected, found):
                    self.assertEqual(a, b, "%s of %s over %d ranks" % (part, what, ranks))

    def test_shards_have_the_same_bits_for_any_number_of_ranks(self):
        expected = None
        for ranks in (0, 1, 2, 3, 4):
            name = "shards-%d" % ranks
            self.fit(ranks, SHARDS, name)
            found = self.results(name)
            expected = expected or found
            self.assertEqual(expected, found, "%d ranks" % ranks)

    def test_a_killed_rank_costs_no_more_than_time(self):
        search = ["demo:moons", "--rows", "4000", "--seed", "5", "--folds", "0", "--random", "24", *SPACE, "--epochs", "81",
                  "--scheduler", "halving", "--study-every", "0"]
        self.fit(0, search, "straight")
        expected = self.results("straight")
        study = self.path("killed.study")
        process = subprocess.Popen(words(3, [*search, "--study", study, "-o", self.path("killed.st")]), env=ENVIRONMENT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        victim = self.rank_in_training(process.pid, study, 2)
        os.kill(victim, signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        self.assertFalse(os.path.exists(self.path("killed.st")))
        now = show(study)
        self.assertIn(now["state"], ("killed", "interrupted"))
        if now["state"] == "killed":
            self.assertIn(2, [of["rank"] for of in now["under_way"]])
            self.assertGreater(now["statuses"]["interrupted"], 0)
        resumed = self.fit(2, [*search, "--resume"], "killed")
        if now["state"] == "killed":
            self.assertIn("under way when the run before ended, and trained on now: rank 2: ", resumed.stderr)
        self.assertEqual(expected, self.results("killed"))
        self.assertNotIn("under_way", show(study))

    def rank_in_training(self, launcher, study, rank):
        """The process of a rank that has been handed work."""
        for _ in range(600):
            time.sleep(0.05)
            try:
                with sqlite3.connect("file:%s?mode=ro" % study, uri=True) as database:
                    if not database.execute("SELECT 1 FROM under_way WHERE rank = ?", (rank,)).fetchone():
                        continue
            except sqlite3.Error:
                continue
            for entry in os.listdir("/proc"):
                try:
                    with open("/proc/%s/environ" % entry, "rb") as file:
                        environment = file.read().split(b"\0")
                    with open("/proc/%s/stat" % entry) as file:
                        parent = int(file.read().rsplit(")", 1)[1].split()[1])
                except (OSError, ValueError):
                    continue
                if parent == launcher and b"OMPI_COMM_WORLD_RANK=%d" % rank in environment:
                    return int(entry)
        raise AssertionError("rank %d was never handed anything" % rank)

    def write_table(self, name, rows):
        with open(self.path(name), "w") as file:
            file.write("a,b,y\n")
            for i in range(rows):
                file.write("%d,%d,%d\n" % (i * 37 % 101, i * 53 % 97, i * 71 % 103))

    def fit_each(self, files, more=()):
        """Rank i reads files[i], under one name: each rank runs in a folder of its own."""
        launch = [MPIRUN, "--oversubscribe", "--bind-to", "none"]
        for i, name in enumerate(files):
            folder = self.path("rank%d" % i)
            os.makedirs(folder, exist_ok=True)
            if name:
                os.symlink(self.path(name), os.path.join(folder, "table.csv"))
            launch += [":"] * (i > 0) + ["-n", "1", "-wdir", folder, PROGRAM, "fit", "table.csv", "--target", "y",
                                         "--epochs", "1", "--hidden", "4", *more]
        return subprocess.run(launch, capture_output=True, text=True, env=ENVIRONMENT, timeout=120)

    def test_a_rank_that_reads_other_data_is_named(self):
        self.write_table("one.csv", 300)
        self.write_table("other.csv", 298)
        done = self.fit_each(["one.csv", "one.csv", "other.csv"])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"runnel: error: on rank 2 \([^)]+\) the data is not that of rank 0: "
                                      r"number of fold 1's training rows 192 -> 190; .*every rank must make the same "
                                      r"search on the same rows")

    def test_a_rank_that_fails_is_named(self):
        self.write_table("one.csv", 300)
        done = self.fit_each(["one.csv", ""])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"runnel: error: rank 1: table.csv: ")
        self.assertEqual(done.stderr.count("runnel: error"), 1)

    def test_bad_arguments_are_told_once(self):
        done = run(3, ["demo:moons", "--no-such-option"])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("runnel: error"), 1, done.stderr)


unittest.main(argv=sys.argv[:1])
