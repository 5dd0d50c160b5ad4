"""Every way to begin a search: refit gives the very tensors that the search's model has.

    refit_test.py PROGRAM

So it does for studies of earlier versions, which did not tell what ensemble a search makes.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile

from model_file import tensors

PROGRAM = os.path.abspath(sys.argv[1])

MOONS = ["demo:moons", "--rows", "240"]
SMALL = ["--batch", "32", "--epochs", "4", "--hidden", "4"]
SPACE_FILE = 'batch = [16, 32]\n[rate]\nlow = 1e-3\nhigh = 1e-1\n'

# Names, and how a search is begun. {space} is a file that is gone when the winner is trained again.
WAYS = {
    "the default search": [*MOONS, "--epochs", "2"],
    "of it, hidden fixed": [*MOONS, *SMALL],
    "a grid": [*MOONS, "--grid", "rate=0.003,0.01,0.03"],
    "a grid on one split": [*MOONS, *SMALL, "--folds", "0", "--grid", "rate=0.003,0.01,0.03"],
    "one candidate": [*MOONS, *SMALL, "--grid", "rate=0.01"],
    "draws from ranges": [*MOONS, "--random", "6", "--space", "rate=1e-4..1e-1"],
    "draws of many parameters": [*MOONS, "--random", "6", "--space", "rate=1e-3..3e-2", "--space", "hidden=4,8",
                                 "--space", "epochs=2..6", "--folds", "0"],
    "a Sobol sequence": [*MOONS, *SMALL, "--random", "6", "--sampler", "sobol", "--space", "rate=1e-4..1e-1"],
    "a file's space": [*MOONS, "--random", "6", "--space", "{space}"],
    "a file's grid": [*MOONS, "--space", "{grid}", "--sampler", "grid"],
    "draws that repeat": [*MOONS, "--epochs", "4", "--random", "9", "--space", "rate=0.003,0.01", "--ensemble", "2"],
    "an ensemble": [*MOONS, *SMALL, "--grid", "rate=0.003,0.01,0.03", "--ensemble", "3"],
    "an ensemble of draws": [*MOONS, *SMALL, "--random", "5", "--space", "rate=1e-3..1e-1", "--ensemble", "3"],
    "an ensemble of seeds": [*MOONS, *SMALL, "--grid", "rate=0.01,0.03", "--ensemble", "3", "--ensemble-of", "seeds"],
    "an ensemble of one, of the default search": [*MOONS, "--epochs", "2", "--ensemble", "1"],
    "halving": [*MOONS, "--folds", "0", "--epochs", "9", "--random", "9", "--space", "rate=1e-3..1e-1", "--scheduler",
                "halving"],
    "Hyperband": [*MOONS, "--folds", "0", "--space", "rate=1e-3..1e-1", "--space", "epochs=9", "--scheduler", "hyperband"],
    "the median": [*MOONS, "--folds", "0", "--epochs", "6", "--random", "6", "--space", "rate=1e-3..1e-1", "--scheduler",
                   "median"],
    "patience": [*MOONS, "--epochs", "9", "--patience", "2", "--random", "5", "--space", "rate=1e-2..1e-1"],
    "doubles": [*MOONS, *SMALL, "--f64", "--random", "5", "--space", "rate=1e-3..1e-1"],
    "another seed": [*MOONS, *SMALL, "--seed", "7", "--random", "5", "--space", "rate=1e-3..1e-1"],
    "weights of classes": [*MOONS, *SMALL, "--class-weight", "balanced", "--grid", "rate=0.003,0.01"],
    "regression": ["demo:wave", "--rows", "240", "--random", "5", "--space", "rate=1e-3..1e-1"],
    "dates and a test file": ["{table}", "--test", "{table2}", "--target", "y", *SMALL, "--grid", "rate=0.003,0.01"],
    "groups": ["{table}", "--group", "city", "--target", "y", "--epochs", "2", "--random", "4", "--space", "l2=1e-3..1e-1"],
}


def run(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"exit code {done.returncode}: {' '.join(words)}\n{done.stderr}")
    return done


def forget_ensemble(study):
    """The study as earlier versions wrote it."""
    with sqlite3.connect(study) as database:
        (text,) = database.execute("SELECT configuration FROM study").fetchone()
        configuration = json.loads(text)
        configuration.pop("ensemble", None)
        database.execute("UPDATE study SET configuration = ?", [json.dumps(configuration)])
    database.close()


def table(path, rows, first):
    with open(path, "w", encoding="utf-8") as file:
        file.write("when,city,x,y\n")
        for i in range(first, first + rows):
            file.write(f"{i % 27 + 1:02}.{i % 12 + 1:02}.20{i % 23 + 1:02},c{i % 7},{i * 7919 % 101},{i * i % 17}\n")


def refit(study, model):
    run("refit", study, "-o", model, "--quiet", "--no-report")
    return tensors(model)


def try_way(name, way):
    names = {key: f"{key}.csv" for key in ("table", "table2")} | {"space": "space.toml", "grid": "grid.toml"}
    table(names["table"], 200, 0)
    table(names["table2"], 60, 1000)
    with open(names["space"], "w", encoding="utf-8") as file:
        file.write(SPACE_FILE)
    with open(names["grid"], "w", encoding="utf-8") as file:
        file.write("rate = [0.003, 0.01]\nl2 = [0.0, 0.01]\n")
    words = [word.format(**names) for word in way]
    run("fit", *words, "--study", "a.study", "-o", "a.st", "--quiet", "--no-report", "--threads", "2")
    os.remove(names["space"])
    os.remove(names["grid"])
    found = tensors("a.st")
    for of in ("this version", "an earlier version"):
        if refit("a.study", "b.st") != found:
            raise AssertionError(f"{name}: refit of a study of {of} makes another model: runnel fit {' '.join(words)}")
        forget_ensemble("a.study") if of == "this version" else None


def main():
    failed = []
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                try_way(name, way)
            except AssertionError as error:
                failed.append(name)
                print(error, file=sys.stderr)
            os.chdir("/")
    print(f"{len(WAYS) - len(failed)} of {len(WAYS)} ways give their model again")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
