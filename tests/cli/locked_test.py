"""While another program writes to a study, the search goes on; what it has to write waits.

    locked_test.py PROGRAM
"""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time

from model_file import tensors

PROGRAM = os.path.abspath(sys.argv[1])
SEARCH = [PROGRAM, "fit", "demo:moons", "--rows", "1000", "--folds", "0", "--random", "24", "--space", "rate=1e-4..1e-1",
          "--hidden", "16", "--epochs", "150", "--batch", "8", "--threads", "1", "--study-every", "0", "--no-report", "--quiet"]


def command(name):
    return [*SEARCH, "--study", name + ".study", "-o", name + ".st"]


def told(name):
    done = subprocess.run([PROGRAM, "study", "export", name + ".study", "--format", "csv"], check=True,
                          capture_output=True, text=True)
    return done.stdout


def has_begun(study):
    try:
        return study.execute("SELECT COUNT(*) FROM runs").fetchone()[0] > 0
    except sqlite3.OperationalError:  # the file is there, and its tables are not
        return False


def work_until_it_waits(process):
    """The seconds of processor time that it has used when it uses no more, or has ended."""
    last, since = -1.0, time.monotonic()
    while process.poll() is None:
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            used = int(file.read().rsplit(")", 1)[1].split()[11]) / os.sysconf("SC_CLK_TCK")
        if used > last:
            last, since = used, time.monotonic()
        if time.monotonic() - since > 2:
            break
        time.sleep(0.05)
    return last


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(command("alone"), check=True, stdout=subprocess.DEVNULL)
        alone = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

        search = subprocess.Popen(command("locked"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while not os.path.exists("locked.study"):
            time.sleep(0.01)
        other = sqlite3.connect("locked.study", timeout=30, isolation_level=None)
        # It may begin: that it waits for.
        while not has_begun(other) and search.poll() is None:
            time.sleep(0.01)
        other.execute("BEGIN IMMEDIATE")
        used = work_until_it_waits(search)
        assert search.poll() is None, search.communicate()[1]
        assert used > 0.6 * alone, f"the search stood still after {used:.2f} of {alone:.2f} seconds of work"
        other.execute("ROLLBACK")
        other.close()
        error = search.communicate(timeout=300)[1]
        assert search.returncode == 0, error
        assert told("locked") == told("alone"), "the study of a search that had to wait is another one"
        assert tensors("locked.st") == tensors("alone.st"), "its model is another one"
        os.chdir("/")
    print("a locked study costs nothing")


if __name__ == "__main__":
    main()
