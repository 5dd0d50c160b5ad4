"""A program that searches says the same over ranks as alone, and after it was killed and started again.

    over_ranks.py PROGRAM MPIRUN [TEST...]

PROGRAM takes the name of a study.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv[1])
MPIRUN = sys.argv[2]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "RUNNEL_THREADS": "1",
               "OMPI_MCA_btl_base_warn_component_unused": "0"}


def words(ranks, *arguments):
    launch = [MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks else []
    return [*launch, PROGRAM, *arguments]


def run(ranks, *arguments, threads=1):
    environment = {**ENVIRONMENT, "RUNNEL_THREADS": str(threads)}
    done = subprocess.run(words(ranks, *arguments), capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def descendants(root):
    """Processes that a process has started, and those that they have."""
    children = {}
    for entry in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % entry) as file:
                children.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
        except (OSError, ValueError):
            continue
    found, new = [], [root]
    while new:
        new = [child for parent in new for child in children.get(parent, [])]
        found += new
    return found


class OverRanks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone = run(0)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="runnel-own-search-")
        self.addCleanup(folder.cleanup)
        self.study = os.path.join(folder.name, "own.study")

    def test_the_same_on_any_number_of_ranks(self):
        for ranks, threads in ((0, 2), (1, 1), (2, 1), (2, 2), (3, 1)):
            self.assertEqual(self.alone, run(ranks, threads=threads), "%d ranks of %d threads" % (ranks, threads))

    def test_the_same_with_a_study_that_is_gone_on_with(self):
        self.assertEqual(self.alone, run(2, self.study))
        self.assertEqual(self.alone, run(2, self.study))
        self.assertEqual(self.alone, run(0, self.study, threads=2))

    def committed(self):
        """Lanes that the study holds."""
        try:
            with sqlite3.connect("file:%s?mode=ro" % self.study, uri=True) as database:
                return database.execute("SELECT count(*) FROM snapshots").fetchone()[0]
        except sqlite3.Error:
            return 0

    def start(self, ranks):
        return subprocess.Popen(words(ranks, self.study), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill_on_the_way(self, ranks, victims_of):
        """Kills processes of the program once the study has something new. True if it had not ended before."""
        before = self.committed()
        process = self.start(ranks)
        while process.poll() is None and not (self.committed() > before and victims_of(process.pid)):
            time.sleep(0.002)
        for victim in victims_of(process.pid):
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return process.wait(timeout=60) != 0

    def in_time(self, kill):
        """The search is short: it is begun again where it ended before it could be killed."""
        for _ in range(20):
            if kill():
                return
            os.remove(self.study)
        self.fail("it always ended too early")

    def test_the_same_after_a_kill(self):
        everybody = lambda launcher: [*descendants(launcher), launcher]
        self.in_time(lambda: self.kill_on_the_way(2, everybody))
        for ranks in (0, 3):
            self.kill_on_the_way(ranks, everybody)
        self.assertEqual(self.alone, run(2, self.study))

    def test_the_death_of_one_rank_ends_them_all(self):
        self.in_time(lambda: self.kill_on_the_way(
            2, lambda launcher: [pid for pid in descendants(launcher) if is_rank(pid, 1)][:1]))
        self.assertEqual(self.alone, run(3, self.study))

    def test_what_stops_it_is_said_once(self):
        for study, threads, error in (("/no/such/folder/own.study", "1", "error: /no/such/folder/own.study"),
                                      (self.study, "many", 'error: RUNNEL_THREADS is "many"')):
            done = subprocess.run(words(3, study), capture_output=True, text=True, timeout=120,
                                  env={**ENVIRONMENT, "RUNNEL_THREADS": threads})
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(done.stderr.count(error), 1, done.stderr)
            self.assertEqual(done.stdout, "")


def is_rank(pid, rank):
    try:
        with open("/proc/%d/environ" % pid, "rb") as file:
            return b"OMPI_COMM_WORLD_RANK=%d" % rank in file.read().split(b"\0")
    except OSError:
        return False


unittest.main(argv=sys.argv[:1] + sys.argv[3:])
