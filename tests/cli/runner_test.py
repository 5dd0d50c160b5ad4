"""The runner of the transcripts must itself be able to fail: each of these transcripts is wrong in one thing."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_transcripts  # noqa: E402

PROGRAM = sys.argv.pop(1)


def failures(text):
    with tempfile.NamedTemporaryFile("w", suffix=".test") as file:
        file.write(text)
        file.flush()
        with contextlib.redirect_stdout(io.StringIO()):
            return run_transcripts.run_file(PROGRAM, file.name)


class Runner(unittest.TestCase):
    def test_accepts_what_is_as_written(self):
        self.assertEqual(failures("# remark\n$ echo a; echo b >&2; exit 3\na\n! b\n? 3\n\n$ true\n"), 0)
        self.assertEqual(failures("$ printf 'x 1\\ny\\nz -2.5e-3\\n'\nx [NUM]\n...\nz [NUM]\n"), 0)
        self.assertEqual(failures("$ printf '$ a\\n'\n\\$ a\n"), 0)
        self.assertEqual(failures("$ runnel --version\nrunnel [..]\n...\n"), 0)

    def test_sees_every_difference(self):
        for text in ("$ echo a\nb\n", "$ echo a\n", "$ true\na\n", "$ echo a >&2\n", "$ echo a >&2\n! b\n", "$ true\n! a\n",
                     "$ exit 2\n", "$ true\n? 1\n", "$ echo x\n[NUM]\n", "$ printf 'a\\nb\\n'\na\n...\nc\n",
                     "$ printf 'a\\nb\\n'\nb\na\n", "$ echo 'a.c'\na+c\n", "$ echo abc\na.c\n"):
            self.assertEqual(failures(text), 1, text)

    def test_steps_share_a_folder(self):
        self.assertEqual(failures("$ echo 1 > f\n$ cat f\n1\n"), 0)


if __name__ == "__main__":
    unittest.main()
