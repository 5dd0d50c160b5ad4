"""`runnel study show` of a search of a program of one's own, while it runs and after it was killed or stopped.

    own_study_test.py RUNNEL OWN_STUDY
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

RUNNEL, OWN = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
LIMIT = 120  # seconds


class OwnStudy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="runnel-own-study-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def show(self, *arguments):
        done = subprocess.run([RUNNEL, "study", "show", "s.study", *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=LIMIT)
        return done.stdout

    def test_who_is_under_way_and_then_was_killed(self):
        run = subprocess.Popen([OWN, "s.study", "0"], cwd=self.folder)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        until, shown = time.monotonic() + LIMIT, ""
        while "under way" not in shown:
            self.assertLess(time.monotonic(), until, shown)
            self.assertIsNone(run.poll())
            shown = self.show()
        self.assertRegex(shown, r"\Astudy +s\.study: running; 3 candidates: 3 under way\n")
        self.assertRegex(shown, r"\nunder way +3 candidates; the best so far is [012], with error \d")
        self.assertRegex(shown, r"\n +[012] +[\d.e+-]+ +\d+")
        self.assertRegex(shown, r"\npace +[\d.e+]+ epochs a second: [\d,]+ in ")
        told = json.loads(self.show("--json"))
        self.assertEqual(told["statuses"]["under way"], 3)
        self.assertTrue(all(c["epochs"] > 0 and c["readings"] for c in told["candidates"]))
        run.kill()
        run.wait()
        self.assertRegex(self.show(), r"killed; 3 candidates: 3 interrupted")

    def test_who_was_stopped(self):
        subprocess.run([OWN, "s.study", "0.2"], cwd=self.folder, check=True, timeout=LIMIT)
        shown = self.show()
        self.assertRegex(shown, r"\Astudy +s\.study: interrupted; 3 candidates: 3 interrupted\n")
        told = json.loads(self.show("--json"))
        self.assertTrue(all(c["epochs"] > 0 for c in told["candidates"]))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
