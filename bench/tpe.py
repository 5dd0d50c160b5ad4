"""The Parzen estimator beside Optuna's; called by scripts/tpe.sh.

usage: tpe.py --program TPE_BENCH [--page docs/own-search.md] [--candidates 100] [--seeds 30]

The functions are those of bench/tpe.cpp, and of every sampler the value (without noise) of the candidate that looks
best is taken. Prints the medians over the seeds with their standard errors, as a table.
"""
import argparse
import math
import statistics
import subprocess
import warnings

import numpy as np
import optuna

WIDTHS = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
MIDDLES = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                           [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])
HEIGHTS = np.array([1, 1.2, 3, 3.2])


def numbers(trial, n, low, high):
    return np.array([trial.suggest_float(f"x{k}", low, high) for k in range(n)])


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    return ((y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6)**2
            + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def hartmann(trial):
    x = numbers(trial, 6, 0, 1)
    return -float((HEIGHTS * np.exp(-(WIDTHS * (x - MIDDLES)**2).sum(1))).sum())


def two_ways(trial):
    way = trial.suggest_categorical("way", ["left", "right"])
    x = (math.log10(trial.suggest_float("x", 1e-4, 1, log=True)) + 2)**2
    if way == "left":
        return x + ((trial.suggest_int("n", 1, 30) - 17) / 30)**2
    return x + 0.05 + (trial.suggest_float("y", -1, 1) - 0.3)**2 + (trial.suggest_float("z", -1, 1) + 0.5)**2


def ackley(trial):
    x = numbers(trial, 4, -10, 20)
    return float(-20 * np.exp(-0.2 * np.sqrt((x * x).mean())) - np.exp(np.cos(2 * np.pi * x).mean()) + 20 + math.e)


def rosenbrock(trial):
    x = numbers(trial, 3, -2, 2)
    return float((100 * (x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2).sum())


FUNCTIONS = {"branin": (branin, 0), "hartmann": (hartmann, 0), "two ways, noisy": (two_ways, 0.1), "ackley": (ackley, 0),
             "rosenbrock": (rosenbrock, 0)}
SAMPLERS = {"Optuna": lambda seed: optuna.samplers.TPESampler(seed=seed),
            "Optuna, multivariate": lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)}


def optuna_best(name, sampler, candidates, seed):
    function, noise = FUNCTIONS[name]
    values, rng = [], np.random.default_rng(seed)

    def told(trial):
        values.append(function(trial))
        return values[-1] + noise * rng.standard_normal()

    study = optuna.create_study(sampler=SAMPLERS[sampler](seed))
    study.optimize(told, n_trials=candidates)
    return values[study.best_trial.number]


def error_of_median(values):
    """Standard error of the median, from the quartiles of a normal distribution."""
    low, _, high = statistics.quantiles(values, n=4)
    return 1.2533 * (high - low) / 1.349 / math.sqrt(len(values))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--page")
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=30)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = {}
    done = subprocess.run([options.program, str(options.candidates), str(options.seeds)], check=True, capture_output=True,
                          text=True)
    for line in done.stdout.splitlines():
        name, sampler, _, value = line.split("\t")
        found.setdefault((name, sampler), []).append(float(value))
    for name in FUNCTIONS:
        for sampler in SAMPLERS:
            found[name, sampler] = [optuna_best(name, sampler, options.candidates, seed) for seed in range(options.seeds)]
    columns = ["random", "tpe", "tpe of 16", *SAMPLERS]
    heads = ["random", "TPE, one at a time", "TPE, generations of 16", *SAMPLERS]
    rows = ["| function | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name in FUNCTIONS:
        cells = [f"{statistics.median(v):.4g} ± {error_of_median(v):.2g}" for v in (found[name, c] for c in columns)]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    text = "\n".join(rows) + "\n"
    print(text, end="")
    if options.page:
        begin, end = "<!-- tpe: begin -->\n", "<!-- tpe: end -->"
        with open(options.page, encoding="utf-8") as file:
            page = file.read()
        before, rest = page.split(begin)
        with open(options.page, "w", encoding="utf-8") as file:
            file.write(before + begin + text + end + rest.split(end)[1])


main()
