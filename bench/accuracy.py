"""Accuracy of `runnel fit` as it comes, beside scikit-learn's estimators as they come; called by scripts/accuracy.sh.

usage: accuracy.py --program RUNNEL --data FOLDER --out FOLDER [--seeds 0,1,2,3,4] [--tables A,B] [--models A,B]
                   [--threads 1] [--page docs/accuracy.md]

`runnel fit --write-split` says which row of a table trains, validates and tests; the peers get the same rows. They
train on the training rows (where runnel chooses by folds, on all but the test rows), do not see the validation rows, and
are measured on the test rows, once. Every figure is a line of OUT/accuracy.jsonl: what stands there for the same program,
table, seed and model is not measured again.
"""
import argparse
import hashlib
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd

MODELS = ["runnel", "linear", "mlp", "boosting"]


class Data:
    """A table as its user would give it to a peer: which columns are numbers, which categories."""

    def __init__(self, file, arguments, read, target, numeric, categories=(), dates=(), present=()):
        self.file, self.arguments, self.read, self.target = file, arguments, read, target
        self.numeric, self.categories, self.dates, self.present = numeric, categories, dates, present

    def load(self, folder):
        """Features (numbers, with NaN where missing, and texts) and target, rows as in the file."""
        table = self.read(os.path.join(folder, self.file))
        x = table[list(self.numeric)].astype(float)
        for name in self.dates:
            x[name] = years(table[name])
        for name in self.present:
            x[name] = table[name].notna().astype(float)
        for name in self.categories:
            x[name] = table[name].where(table[name].notna(), "missing").astype(str)
        return x, table[self.target]


def years(column):
    """YYYY, YYYY-MM and YYYY-MM-DD as fractional years."""
    parts = column.str.split("-", expand=True).astype(float)
    return parts[0] + (parts[1].fillna(1) - 1) / 12 + (parts[2].fillna(1) - 1) / 365


def adult(path):
    return pd.read_csv(path, header=None, skipinitialspace=True, na_values="?", names=["column%d" % i for i in range(1, 16)])


def idx(path):
    """Images of the MNIST format, and their labels, as a table of 784 numbers."""
    with open(path, "rb") as f:
        images = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)
    with open(path.replace("images-idx3", "labels-idx1"), "rb") as f:
        labels = np.frombuffer(f.read(), np.uint8, offset=8)
    return pd.concat([pd.DataFrame(images, columns=["p%d" % i for i in range(784)]), pd.Series(labels, name="label")], axis=1)


SOUND = ["danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness", "instrumentalness", "liveness",
         "valence", "tempo", "duration_ms"]
TABLES = {
    "titanic": Data("titanic.csv", ["--target", "Survived"], pd.read_csv, "Survived",
                    ["Pclass", "Age", "SibSp", "Parch", "Fare"], ["Sex", "Embarked"], present=["Cabin"]),
    "hits of the 2010s": Data("spotify_hits_2010s.csv", ["--target", "target", "--group", "uri"], pd.read_csv, "target",
                              SOUND + ["time_signature", "chorus_hit", "sections"]),
    "california housing": Data("california_housing.csv", ["--target", "median_house_value"], pd.read_csv,
                               "median_house_value",
                               ["longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms",
                                "population", "households", "median_income"], ["ocean_proximity"]),
    "popularity of songs": Data("spotify_songs.csv", ["--target", "track_popularity", "--task", "regression", "--group", "track_id"],
                                pd.read_csv, "track_popularity", SOUND, ["playlist_genre", "playlist_subgenre"],
                                dates=["track_album_release_date"]),
    "adult": Data("adult.data", ["--no-header", "--target", "column15"], adult, "column15",
                  ["column%d" % i for i in (1, 3, 5, 11, 12, 13)], ["column%d" % i for i in (2, 4, 6, 7, 8, 9, 10, 14)]),
    "mnist": Data("mnist/train10k-images-idx3-ubyte", [], idx, "label", ["p%d" % i for i in range(784)]),
}


def peer(name, data, x, classes, seed):
    """scikit-learn's defaults, behind the preparation that they need: the random state is all that is set."""
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
    from sklearn.compose import TransformedTargetRegressor

    texts = make_column_selector(dtype_include=object)
    numbers = make_column_selector(dtype_include=float)
    if name == "boosting":
        # Missing numbers are its own affair; categories are told to it as such.
        prepare = ColumnTransformer([("texts", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), texts),
                                     ("numbers", "passthrough", numbers)])
        kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
        mask = [True] * len(data.categories) + [False] * (x.shape[1] - len(data.categories))
        return make_pipeline(prepare, kind(random_state=seed, categorical_features=mask if any(mask) else None))
    prepare = ColumnTransformer([("texts", OneHotEncoder(handle_unknown="ignore"), texts),
                                 ("numbers", make_pipeline(SimpleImputer(strategy="median", add_indicator=True),
                                                           StandardScaler()), numbers)], sparse_threshold=0)
    if name == "linear":
        return make_pipeline(prepare, LogisticRegression(random_state=seed) if classes else Ridge(random_state=seed))
    model = MLPClassifier(random_state=seed) if classes else MLPRegressor(random_state=seed)
    # A network learns a target in dollars only when it is scaled.
    return make_pipeline(prepare, model if classes else TransformedTargetRegressor(model, transformer=StandardScaler()))


def run_peer(name, data, folder, parts, classes, seed):
    x, y = data.load(folder)
    train, test = (parts.row[parts.part == part].to_numpy() for part in ("train", "test"))
    begin = time.monotonic(), time.process_time()
    model = peer(name, data, x, classes, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "maximum iterations reached" is what the defaults give
        model.fit(x.iloc[train], y.iloc[train])
    seconds, cpu = time.monotonic() - begin[0], time.process_time() - begin[1]
    return {"score": model.score(x.iloc[test], y.iloc[test]), "seconds": seconds, "cpu": cpu}


def run_fit(program, data, folder, seed, split, environment, model, more=()):
    command = [program, "fit", os.path.join(folder, data.file), *data.arguments, *more, "--seed", str(seed), "--json",
               "--model", model, "--write-split", split]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begin
    if done.returncode:
        sys.exit("%s\nfailed: %s" % (" ".join(command), done.stderr))
    if "--plan" in more:
        return None
    result = json.loads(done.stdout)
    return {"score": result["test"]["value"], "metric": result["metric"], "validation": result["validation"],
            "seconds": seconds, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "rows": result["rows"], "version": result["version"]}


class Store:
    """The figures measured so far, one JSON line each."""

    def __init__(self, path):
        self.path, self.lines = path, []
        if os.path.exists(path):
            with open(path) as f:
                self.lines = [json.loads(line) for line in f]

    def find(self, **keys):
        for line in self.lines:
            if all(line.get(k) == v for k, v in keys.items()):
                return line
        return None

    def add(self, line):
        self.lines.append(line)
        with open(self.path, "a") as f:
            f.write(json.dumps(line) + "\n")


def measure(options, store):
    environment = {**os.environ, "RUNNEL_THREADS": str(options.threads), "OMP_NUM_THREADS": str(options.threads),
                   "OPENBLAS_NUM_THREADS": str(options.threads)}
    with open(options.program, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()[:12]
    model = os.path.join(options.out, "accuracy.safetensors")
    for name in options.tables:
        data = TABLES[name]
        if not os.path.exists(os.path.join(options.data, data.file)):
            print("%s is left out: there is no %s" % (name, os.path.join(options.data, data.file)), file=sys.stderr)
            continue
        for seed in options.seeds:
            split = os.path.join(options.out, "split-%s-%d.csv" % (name.split()[0], seed))
            for who in options.models:
                keys = {"table": name, "seed": seed, "who": who, "threads": options.threads}
                if who == "runnel":
                    keys["program"] = digest
                if store.find(**keys):
                    continue
                if who == "runnel":
                    figures = run_fit(options.program, data, options.data, seed, split, environment, model)
                else:
                    if not os.path.exists(split):
                        run_fit(options.program, data, options.data, seed, split, environment, model, ["--plan"])
                    figures = peer_in_process(options, name, seed, who, split, environment)
                store.add({**keys, **figures})
                print("%-20s seed %d  %-9s %.4f  %6.1f s (%.1f s of processor time)"
                      % (name, seed, who, figures["score"], figures["seconds"], figures["cpu"]), file=sys.stderr, flush=True)
    return digest


def peer_in_process(options, name, seed, who, split, environment):
    """In a process of its own, so that the number of threads is that of the environment."""
    done = subprocess.run([sys.executable, "-B", os.path.abspath(__file__), "--program", options.program, "--data",
                           options.data, "--out", options.out, "--peer", who, "--tables", name, "--seeds", str(seed),
                           "--split", split], stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return json.loads(done.stdout)


# ---- the table ------------------------------------------------------------------------------------------------

def error(values):
    """The standard error of the mean."""
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else float("nan")


def scores(store, digest, table, who, threads):
    """By seed."""
    return {line["seed"]: line for line in store.lines if line["table"] == table and line["who"] == who
            and line["threads"] == threads and line.get("program", digest) == digest}


def verdict(ours, theirs):
    """Paired by seed: ahead, level (within one standard error of the mean difference), or behind."""
    seeds = sorted(set(ours) & set(theirs))
    differences = [ours[s]["score"] - theirs[s]["score"] for s in seeds]
    if len(differences) < 2:
        return "", 0
    mean, se = statistics.mean(differences), error(differences)
    word = "level" if abs(mean) <= se else "ahead" if mean > 0 else "behind"
    return "%s (%+.4f ± %.4f)" % (word, mean, se), mean + se >= 0


def table_text(store, digest, options):
    lines = ["| table (measure) | rows | " + " | ".join(MODELS) + " | beside mlp | beside boosting |",
             "|---|---|" + "---|" * (len(MODELS) + 2)]
    counts = {"mlp": 0, "boosting": 0}
    tables = 0
    for name in options.tables:
        found = {who: scores(store, digest, name, who, options.threads) for who in MODELS}
        if not found["runnel"]:
            continue
        tables += 1
        first = next(iter(found["runnel"].values()))
        cells = ["%s (%s)" % (name, first["metric"]), "{:,}".format(first["rows"]["table"])]
        for who in MODELS:
            values = [found[who][s]["score"] for s in sorted(found[who])]
            if not values:
                cells.append("not measured")
                continue
            cells.append("%.4f ± %.4f, %s s" % (statistics.mean(values), error(values),
                                               short(statistics.mean(l["cpu"] for l in found[who].values()))))
        for who in ("mlp", "boosting"):
            text, reached = verdict(found["runnel"], found[who])
            counts[who] += reached
            cells.append(text)
        lines.append("| " + " | ".join(cells) + " |")
    summary = "Level or ahead: beside the multilayer perceptron on %d of %d tables, beside boosting on %d of %d." % (
        counts["mlp"], tables, counts["boosting"], tables)
    return "\n".join(lines) + "\n\n" + summary


def short(seconds):
    return "%.1f" % seconds if seconds < 10 else "%.0f" % seconds


def made_by(options, store):
    import sklearn
    version = next(l["version"] for l in store.lines if l["who"] == "runnel")
    return ("Made by `scripts/accuracy.sh%s`: runnel %s, scikit-learn %s, Python %s, %d thread%s, seeds %s." %
            (" --threads %d" % options.threads if options.threads != 1 else "", version, sklearn.__version__,
             platform.python_version(), options.threads, "" if options.threads == 1 else "s",
             ", ".join(map(str, options.seeds))))


def put_into(page, text):
    begin, end = "<!-- accuracy: begin -->\n", "<!-- accuracy: end -->"
    with open(page) as f:
        whole = f.read()
    if begin not in whole or end not in whole:
        sys.exit("%s has no lines %s and %s to write between" % (page, begin.strip(), end))
    head, rest = whole.split(begin)
    with open(page, "w") as f:
        f.write(head + begin + text + "\n" + end + rest.split(end)[1])


def chosen(text, known):
    out = []
    for word in text.split(","):
        matching = [name for name in known if name.startswith(word)]
        if len(matching) != 1:
            sys.exit("there is no '%s': there are %s" % (word, ", ".join(known)))
        out += matching
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--page")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--split", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.seeds = [int(s) for s in options.seeds.split(",")]
    options.tables = chosen(options.tables, list(TABLES))
    options.models = chosen(options.models, MODELS)
    if options.peer:
        name = options.tables[0]
        classes = TABLES[name].target not in ("median_house_value", "track_popularity")
        print(json.dumps(run_peer(options.peer, TABLES[name], options.data, pd.read_csv(options.split), classes,
                                  options.seeds[0])))
        return
    os.makedirs(options.out, exist_ok=True)
    store = Store(os.path.join(options.out, "accuracy.jsonl"))
    digest = measure(options, store)
    text = made_by(options, store) + "\n\n" + table_text(store, digest, options)
    print(text)
    if options.page:
        put_into(options.page, text)


if __name__ == "__main__":
    main()
