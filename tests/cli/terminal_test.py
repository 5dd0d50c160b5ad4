"""What happens at a terminal: the progress line, colour, and Ctrl-C."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
# Many candidates, of which the first are soon done: budgets of epochs share a trajectory.
LONG = ["fit", "demo:songs", "--grid", "hidden=4,8,16,32,64,128,64x64,128x128", "--grid", "epochs=1,400", "--folds", "0",
        "-o", "long.st"]
# One candidate that would take far longer than any test.
ENDLESS = ["fit", "demo:songs", "--hidden", "256x256", "--grid", "rate=0.001", "--epochs", "1000000", "--folds", "0", "-o",
           "endless.st"]
# The first epoch takes long.
SLOW = ["fit", "demo:songs", "--rows", "60000", "--hidden", "512x512x512", "--grid", "rate=0.001", "--batch", "16", "--folds",
        "0", "-o", "slow.st"]
LIMIT = 120  # seconds until a test gives up


class AtTerminal:
    """The program with a terminal for its standard error, and one or a pipe for its standard output."""

    def __init__(self, arguments, folder, out_too=False, **environment):
        self.parent, child = pty.openpty()
        settings = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        settings.update({"TERM": "xterm", "LC_ALL": "C.UTF-8", **environment})
        self.process = subprocess.Popen([PROGRAM, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stderr=child,
                                        stdout=child if out_too else subprocess.PIPE, env=settings)
        os.close(child)
        self.shown = ""

    def read_until(self, pattern):
        """Reads the terminal until something matches; None reads to its end."""
        until = time.monotonic() + LIMIT
        while pattern is None or not re.search(pattern, self.shown):
            if time.monotonic() > until:
                raise AssertionError(f"nothing like {pattern!r} in {self.shown!r}")
            if not select.select([self.parent], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.parent, 65536)
            except OSError:  # the terminal's other end is closed
                data = b""
            if not data:
                if pattern is None:
                    break
                raise AssertionError(f"ended without {pattern!r}: {self.shown!r}")
            self.shown += data.decode("utf-8", "replace")

    def read_out_until(self, text):
        """Reads the pipe of the standard output until it has brought a text."""
        out, until = b"", time.monotonic() + LIMIT
        while text not in out:
            if time.monotonic() > until:
                raise AssertionError(f"no {text!r} in {out!r}")
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    raise AssertionError(f"ended without {text!r}: {out!r}")
                out += data
        return out

    def finish(self):
        self.read_until(None)
        out = self.process.stdout.read().decode() if self.process.stdout else ""
        return self.process.wait(LIMIT), out

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.parent)
        if self.process.stdout:
            self.process.stdout.close()


class Terminal(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="runnel-terminal-")
        self.addCleanup(self.folder.cleanup)

    def start(self, arguments, **options):
        run = AtTerminal(arguments, self.folder.name, **options)
        self.addCleanup(run.close)
        return run

    def files(self):
        return sorted(os.listdir(self.folder.name))

    SHORT = ["fit", "demo:moons", "--rows", "500", "--epochs", "20", "--folds", "0", "-o", "m.st"]

    def test_progress_is_shown_and_cleared(self):
        run = self.start(self.SHORT)
        code, out = run.finish()
        self.assertEqual(code, 0)
        self.assertRegex(run.shown, r"\d+%  \d+/\d+ candidates")
        self.assertTrue(run.shown.endswith("\r\x1b[K"), repr(run.shown))
        self.assertNotIn("candidates,", out)
        self.assertNotIn("\x1b", out)  # the standard output is no terminal here

    def test_quiet_shows_nothing(self):
        run = self.start(self.SHORT + ["--quiet"])
        code, out = run.finish()
        self.assertEqual((code, run.shown), (0, ""))
        self.assertIn("accuracy", out)

    def test_colour_only_where_wanted(self):
        for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)):
            run = self.start(self.SHORT + ["--quiet"], out_too=True, **environment)
            self.assertEqual(run.finish()[0], 0)
            self.assertEqual("\x1b[1m" in run.shown, coloured, environment)
            run = self.start(["fit", "nothing.csv"], **environment)
            self.assertEqual(run.finish()[0], 2)
            self.assertEqual("\x1b[31m" in run.shown, coloured, environment)

    def test_interrupt_keeps_what_is_finished(self):
        run = self.start(LONG)
        run.read_until(r"[1-9]\d*/16 candidates")
        run.process.send_signal(signal.SIGINT)
        code, out = run.finish()
        self.assertEqual(code, 130)
        self.assertIn("stopping, the best so far is kept", run.shown)
        told = re.search(r"stopped: (\d+) of 16 candidates finished.*; the model is the best of these", out)
        self.assertIsNotNone(told, out)
        self.assertTrue(1 <= int(told[1]) < 16)
        self.assertEqual(self.files(), ["long.st", "long.st.report.html"])
        done = subprocess.run([PROGRAM, "inspect", "long.st"], cwd=self.folder.name, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_is_known_before_the_search_is_shown_before_it(self):
        run = self.start(ENDLESS)
        told = run.read_out_until(b"test; ")
        self.assertRegex(told.decode(), r"\Adata +demo:songs: .*\ntarget +.*\ncolumns +12 used")
        self.assertIsNone(run.process.poll())

    def interrupt_before_anything(self, number):
        run = self.start(SLOW)
        run.read_out_until(b"test; ")
        run.process.send_signal(number)
        code, out = run.finish()
        self.assertEqual(code, 128 + number)
        if "stopped: 0 of 1 candidates finished, 1 judged on its way" in out:
            return  # the first epoch had begun, and an epoch is always ended
        self.assertNotIn("model", out)
        self.assertIn("runnel: ", run.shown)
        self.assertIn("stopped before any candidate had a reading (an epoch): nothing is kept", run.shown)
        self.assertEqual(self.files(), [])

    def test_interrupt_before_any_reading(self):
        self.interrupt_before_anything(signal.SIGINT)

    def test_terminate_is_an_interrupt(self):
        self.interrupt_before_anything(signal.SIGTERM)

    def test_interrupt_on_the_way_keeps_the_best_so_far(self):
        run = self.start(ENDLESS + ["--json"])
        run.read_until(r"0/1 candidates, best")
        run.process.send_signal(signal.SIGINT)
        code, out = run.finish()
        self.assertEqual(code, 130)
        self.assertIn('"ended": "stopped"', out)
        self.assertEqual(self.files(), ["endless.st", "endless.st.report.html"])

    def test_second_interrupt_ends_at_once(self):
        run = self.start(SLOW)
        run.read_out_until(b"test; ")
        run.process.send_signal(signal.SIGINT)
        run.read_until("stopping")
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGINT)
        code, _ = run.finish()
        self.assertIn(code, (-signal.SIGINT, 130))  # 130: it had stopped by itself before the second came
        self.assertEqual(self.files(), [])


if __name__ == "__main__":
    unittest.main()
