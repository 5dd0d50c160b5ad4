"""Ranks that end before they search do not leave the others waiting.

    leaving_test.py PROGRAM MPIRUN
"""

import os
import subprocess
import sys
import unittest

PROGRAM, MPIRUN = os.path.abspath(sys.argv[1]), sys.argv[2]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "RUNNEL_THREADS": "1",
               "OMPI_MCA_btl_base_warn_component_unused": "0"}


def run(*arguments, ranks=3):
    """Exit code and lines; it fails where the ranks wait for each other."""
    words = [MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", str(ranks), PROGRAM, *arguments]
    done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, timeout=120)
    return done.returncode, done.stdout.splitlines()


class Leaving(unittest.TestCase):
    def test_all_that_stay_search(self):
        self.assertEqual((0, ["found 4"] * 3), run())

    def test_one_that_returns_or_exits_is_missed(self):
        for how in ("return", "exit"):
            code, lines = run("1", how)
            self.assertEqual(0, code)
            self.assertEqual(2, len(lines), lines)
            for line in lines:
                self.assertIn("rank 1", line)
                self.assertIn("every rank must make the same searches", line)

    def test_rank_zero_is_missed(self):
        code, lines = run("0")
        self.assertEqual(0, code)
        self.assertEqual(2, len(lines), lines)
        for line in lines:
            self.assertIn("error: rank 0 has ended its program", line)

    def test_all_may_leave(self):
        self.assertEqual((0, []), run("all"))
        self.assertEqual((0, []), run("all", "exit", ranks=1))

    def test_another_code_ends_all(self):
        code, lines = run("2", "3")
        self.assertEqual((3, []), (code, [line for line in lines if line.startswith("found")]))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
