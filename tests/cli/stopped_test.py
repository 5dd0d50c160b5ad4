"""A search that is stopped keeps the best so far, says what it is, and stands in no earlier model's place.

    stopped_test.py PROGRAM
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from model_file import tensors

PROGRAM = os.path.abspath(sys.argv.pop(1))
LIMIT = 120  # seconds until a test gives up
# Candidates that would take far longer than any test.
LONG = ["fit", "demo:moons", "--rows", "600", "--batch", "32", "--grid", "rate=0.003,0.01", "--hidden", "16x16",
        "--epochs", "1000000", "--dropout", "0.1", "--folds"]
FOLDS, LONG = [*LONG, "3"], [*LONG, "0"]
SHORT = ["fit", "demo:moons", "--rows", "300", "--folds", "0", "--epochs", "2", "--hidden", "4", "--grid", "rate=0.01", "-q"]


class Stopped(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="runnel-stopped-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_program(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stderr}")
        return done

    def start(self, *arguments):
        environment = {**os.environ, "RUNNEL_PROGRESS": "0.02"}
        run = subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=environment)
        self.addCleanup(lambda: (run.poll() is None and run.kill(), run.communicate()))
        return run

    def stop(self, run, number=signal.SIGINT, after=r"candidates, best"):
        """Sends a signal when the progress says so; returns the exit code and both outputs."""
        shown = ""
        while not re.search(after, shown):
            line = run.stderr.readline()
            self.assertNotEqual(line, "", f"ended without {after!r}: {shown}")
            shown += line
        run.send_signal(number)
        out, error = run.communicate(timeout=LIMIT)
        return run.returncode, out, shown + error

    def tensors(self, name):
        return tensors(os.path.join(self.folder, name))

    def bytes_of(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def files(self):
        return sorted(os.listdir(self.folder))

    def test_the_best_so_far_is_shown_from_the_first_epoch(self):
        code, _, shown = self.stop(self.start(*LONG, "-o", "m.st"))
        self.assertEqual(code, 130)
        self.assertRegex(shown, r"0/2 candidates, best 0\.\d+")

    def test_signals_and_what_is_told(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            name = f"m{code}.st"
            done, out, shown = self.stop(self.start(*LONG, "-o", name), number)
            self.assertEqual(done, code)
            self.assertIn("stopping, the best so far is kept (again: end at once)", shown)
            self.assertIn("warning    stopped: 0 of 2 candidates finished, 2 judged on their way; the model is the best of these",
                          out)
            told = re.search(r"candidate (\d) was on its way, after (\d+) of 1,?000,?000 epochs", out)
            self.assertIsNotNone(told, out)
            self.assertRegex(out, rf"\nmodel +{name}\n")
            inspected = self.run_program("inspect", name).stdout
            self.assertIn(f"for {told[2]} of these epochs: its search was stopped", inspected)

    def test_an_earlier_model_stays(self):
        self.run_program(*SHORT, "-o", "m.st")
        before = {name: self.bytes_of(name) for name in self.files()}
        self.assertEqual(set(before), {"m.st", "m.st.report.html"})
        code, out, _ = self.stop(self.start(*LONG, "-o", "m.st", "--study", "s.study"))
        self.assertEqual(code, 130)
        self.assertRegex(out, r"\nmodel +m\.st\.partial\n +m\.st stays as it was, for the search was stopped\n")
        self.assertRegex(out, r"\nreport +m\.st\.partial\.report\.html\n")
        self.assertIn("s.study: the same command with --resume goes on with it", out)
        for name, data in before.items():
            self.assertEqual(self.bytes_of(name), data, name)
        self.run_program("predict", "m.st.partial", "demo:moons", "--rows", "10")
        self.run_program("refit", "s.study", "-o", "again.st", "-q")
        self.assertEqual(self.tensors("again.st"), self.tensors("m.st.partial"))

    def test_no_page_looks_like_that_of_the_earlier_model(self):
        self.run_program(*SHORT, "-o", "m.st", "--no-report")
        self.stop(self.start(*LONG, "-o", "m.st"))
        self.assertEqual(self.files(), ["m.st", "m.st.partial", "m.st.partial.report.html"])

    def test_json_tells_how_it_ended(self):
        code, out, _ = self.stop(self.start(*LONG, "-o", "m.st", "--json"))
        self.assertEqual(code, 130)
        told = json.loads(out)
        self.assertTrue(told["interrupted"])
        self.assertEqual(told["ended"], "stopped")
        self.assertEqual(told["model"], "m.st")
        self.assertEqual([c["status"] for c in told["candidates"]], ["interrupted"] * 2)
        self.assertGreater(told["best"]["epochs"], 0)
        self.assertTrue(told["warnings"][-1].startswith("stopped: 0 of 2 candidates finished"))

    def test_the_time_ends_a_search_as_it_was_to(self):
        self.run_program(*SHORT, "-o", "m.st")
        earlier = self.tensors("m.st")
        out = self.run_program(*LONG, "--time", "1s", "-o", "m.st", "--study", "s.study").stdout
        self.assertIn("the time was over: 0 of 2 candidates finished, 2 judged on their way", out)
        self.assertRegex(out, r"\nmodel +m\.st\n")
        self.assertNotEqual(self.tensors("m.st"), earlier)
        self.assertNotIn("m.st.partial", self.files())
        self.run_program("refit", "s.study", "-o", "again.st", "-q")
        self.assertEqual(self.tensors("again.st"), self.tensors("m.st"))
        best = json.loads(self.run_program("study", "best", "s.study", "--json").stdout)["best"][0]
        shown = json.loads(self.run_program("study", "show", "s.study", "--json").stdout)
        self.assertEqual(shown["state"], "interrupted")
        self.assertEqual(shown["best"], best["index"])
        # With more time it goes on, and has trained further.
        self.run_program(*LONG, "--time", "1s", "-o", "m.st", "--study", "s.study", "--resume")
        further = json.loads(self.run_program("study", "show", "s.study", "--json").stdout)
        self.assertGreater(further["trained_epochs"], shown["trained_epochs"])

    def test_folds_are_trained_as_far_as_they_came(self):
        code, out, _ = self.stop(self.start(*FOLDS, "-o", "m.st", "--study", "s.study"))
        self.assertEqual(code, 130)
        self.assertRegex(out, r"was on its way, after \d+ of 1,?000,?000 epochs; trained for \d+ on all rows")
        self.run_program("refit", "s.study", "-o", "again.st", "-q")
        self.assertEqual(self.tensors("again.st"), self.tensors("m.st"))

    def test_before_any_reading_nothing_is_written(self):
        self.run_program(*SHORT, "-o", "m.st", "--no-report")
        earlier = self.tensors("m.st")
        # The first epoch of these rows and this network takes long.
        run = self.start("fit", "demo:songs", "--rows", "60000", "--hidden", "512x512x512", "--grid", "rate=0.001", "--batch",
                         "16", "--epochs", "100", "--folds", "0", "-o", "m.st", "--study", "s.study")
        told = ""
        while " test; " not in told:  # the line before the search
            line = run.stdout.readline()
            self.assertNotEqual(line, "", told)
            told += line
        run.send_signal(signal.SIGTERM)
        out, error = run.communicate(timeout=LIMIT)
        self.assertEqual(run.returncode, 143, error)
        kept = os.path.exists(os.path.join(self.folder, "s.study"))  # the search had begun
        told = "; s.study goes on with --resume" if kept else ": nothing is kept"
        self.assertIn("runnel: error: stopped before any candidate had a reading (an epoch)" + told, error)
        self.assertNotIn("model", out)
        self.assertEqual(self.tensors("m.st"), earlier)
        self.assertEqual(self.files(), ["m.st", "s.study"] if kept else ["m.st"])

    def test_a_running_study_shows_who_is_under_way(self):
        run = self.start(*LONG, "-o", "m.st", "--study", "s.study", "--study-every", "0")
        until = time.monotonic() + LIMIT
        shown = ""
        while "under way" not in shown:
            self.assertLess(time.monotonic(), until, shown)
            if os.path.exists(os.path.join(self.folder, "s.study")):
                shown = self.run_program("study", "show", "s.study").stdout
        self.assertRegex(shown, r"\Astudy +s\.study: running; 2 candidates: 2 under way\n")
        self.assertRegex(shown, r"\nunder way +2 candidates; the best so far is [01], with accuracy 0\.\d+\n")
        self.assertRegex(shown, r"\n +[01] +0\.\d+ +\d+ of 1000000\n")
        self.assertRegex(shown, r"\npace +[\d.e+]+ epochs a second: [\d,]+ in ")
        told = json.loads(self.run_program("study", "show", "s.study", "--json").stdout)
        self.assertEqual(told["statuses"]["under way"], 2)
        self.assertTrue(all(c["epochs"] > 0 and c["readings"] for c in told["candidates"]))
        run.kill()
        run.communicate()
        self.assertRegex(self.run_program("study", "show", "s.study").stdout, r"killed; 2 candidates: 2 interrupted")


if __name__ == "__main__":
    unittest.main()
