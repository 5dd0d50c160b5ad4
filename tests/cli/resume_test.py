"""A search that is killed at random moments and resumed leaves the study and the model of one that nobody disturbed.

    resume_test.py PROGRAM [KILLS [SEED]]

Every life gets another number of threads. A study that is finished before all kills are spent is compared, and
another one is begun.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from model_file import tensors

PROGRAM = os.path.abspath(sys.argv[1])
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 8
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(10**6)
LIVES = 12  # of one study, at most: the last of them is left in peace

SEARCH = ["fit", "demo:moons", "--rows", "4000", "--folds", "0", "--batch", "16", "--seed", "5", "--dropout", "0.1",
          "--random", "30", "--space", "rate=1e-4..1e-1", "--space", "hidden=none,8,8x8", "--space", "epochs=243,486",
          "--scheduler", "halving", "--study-every", "0", "--quiet"]


def told(study):
    """All that a study says of its search, but for when, how long and how often it ran."""
    rows = subprocess.run([PROGRAM, "study", "export", study, "--format", "jsonl"], check=True, capture_output=True, text=True)
    show = json.loads(subprocess.run([PROGRAM, "study", "show", study, "--json"], check=True, capture_output=True,
                                     text=True).stdout)
    for key in ("path", "began", "seconds", "timings", "runs", "command"):
        show.pop(key)
    show["configuration"].pop("caller")
    return rows.stdout, show


def start(study, threads):
    resume = ["--resume"] if os.path.exists(study) else []
    command = [PROGRAM, *SEARCH, "--study", study, "-o", study + ".st", "--threads", str(threads), *resume]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process):
    error = process.communicate(timeout=600)[1]
    if process.returncode != 0:
        raise AssertionError(f"exit code {process.returncode}: {error}")


def compare(study, expected):
    found = tensors(study + ".st"), told(study)
    for what, a, b in zip(("model", "study"), expected, found):
        if a != b:
            raise AssertionError(f"another {what} than the undisturbed one (seed {SEED}):\n{a!r:.3000}\n{b!r:.3000}")


def main():
    dice = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="runnel-resume-") as folder:
        study = os.path.join(folder, "straight.study")
        began = time.monotonic()
        finish(start(study, 2))
        seconds = time.monotonic() - began
        expected = tensors(study + ".st"), told(study)
        kills = went_on = studies = 0
        while kills < KILLS:
            study = os.path.join(folder, f"{studies}.study")
            studies += 1
            for _ in range(LIVES):
                if kills == KILLS:
                    break
                had = os.path.exists(study)
                process = start(study, dice.choice([1, 2, 3]))
                try:
                    process.wait(timeout=dice.uniform(0.05, 0.7) * seconds)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
                    kills += 1
                    went_on += had
                    continue
                finish(process)
                break
            finish(start(study, 2))
            compare(study, expected)
        print(f"{kills} kills in {studies} studies, {went_on} of them of resumed searches; seed {SEED}")
        if went_on == 0:
            raise AssertionError("no resumed search was killed: the search is too short for this machine")


main()
