"""What --json promises: the keys, their types, and that they agree with each other and with the other commands."""

import csv
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
FIT = ["--epochs", "3", "--seed", "3", "--json"]


def strict(text):
    def refuse(word):
        raise ValueError(f"{word} is no JSON")
    return json.loads(text, parse_constant=refuse)


class Json(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="runnel-json-")
        cls.fit = strict(cls.run_program("fit", "demo:songs", "--rows", "600", "--grid", "rate=0.001,0.01,0.1", "--grid",
                                         "hidden=none,8", "--folds", "0", "-o", "songs.st", *FIT).stdout)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def run_program(cls, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments], cwd=cls.folder.name, capture_output=True, text=True, timeout=300,
                              check=False)
        if done.returncode != code:
            raise AssertionError(f"{arguments}: exit code {done.returncode}, {done.stderr}")
        return done

    def test_keys_of_fit(self):
        expected = {"schema": int, "version": str, "data": str, "task": str, "target": dict, "metric": str, "loss": str,
                    "test": dict, "also": dict, "validation": float, "baselines": dict, "best": dict, "candidates": list,
                    "columns": list, "features": int, "rows": dict, "split": str, "folds": int, "search": dict,
                    "interrupted": bool, "seed": int, "threads": int, "dtype": str, "warnings": list, "notes": list,
                    "seconds": float, "model": str}
        for key, kind in expected.items():
            self.assertIsInstance(self.fit[key], kind, key)
        self.assertEqual(self.fit["schema"], 1)
        self.assertEqual(set(self.fit["test"]), {"value", "low", "high", "rows"})
        self.assertEqual(set(self.fit["baselines"]), {"constant", "linear"})
        self.assertEqual(set(self.fit["target"]), {"column", "why", "classes"})
        for column in self.fit["columns"]:
            self.assertEqual(set(column), {"name", "role", "why", "read", "features"})
        for candidate in self.fit["candidates"]:
            self.assertLessEqual({"index", "hyper", "status", "validation"}, set(candidate))

    def test_plan_and_rungs(self):
        """What --plan says of the rungs and the work is what the search then does; the space is told whole."""
        arguments = ["fit", "demo:songs", "--rows", "600", "--space", "rate=0.001..0.1", "--space", "layers=1,2", "--space",
                     "width=8,16", "--random", "12", "--sampler", "sobol", "--scheduler", "halving", "--eta", "2",
                     "--epochs", "4", "--folds", "2", "--seed", "3", "--json", "-o", "rungs.st"]
        plan = strict(self.run_program(*arguments, "--plan").stdout)
        self.assertFalse(os.path.exists(os.path.join(self.folder.name, "rungs.st")))
        fit = strict(self.run_program(*arguments).stdout)
        self.assertEqual(plan["rungs"], fit["search"]["rungs"])
        self.assertEqual(plan["epochs"], fit["search"]["epochs"])
        self.assertEqual([(r["epochs"], r["entered"], r["kept"]) for r in plan["rungs"]], [(1, 12, 6), (2, 6, 3)])
        self.assertEqual(fit["search"]["scheduler"], "halving")
        self.assertEqual(fit["search"]["eta"], 2)
        got = sorted(c["epochs"] for c in fit["candidates"])
        self.assertEqual(got, [1] * 6 + [2] * 3 + [4] * 3)
        for candidate in fit["candidates"]:
            self.assertEqual(candidate["status"], "done" if candidate["epochs"] == 4 else "retired")
            self.assertIsInstance(candidate["validation"], float)
        self.assertEqual(sum(s["flops"] for s in plan["stretches"]), plan["flops"])
        self.assertGreater(plan["seconds"], 0)
        configuration = plan["configuration"]
        self.assertEqual((configuration["sampler"], configuration["draws"]), ("sobol", 12))
        space = configuration["space"]
        self.assertEqual([p["name"] for p in space["parameters"]], ["layers", "width1", "width2", "rate"])
        self.assertEqual(space["base"]["epochs"], 4)
        self.assertEqual(set(fit["candidates"][0]["hyper"]), set(space["base"]) | {"rate", "hidden"})

    def test_values_agree(self):
        fit = self.fit
        self.assertEqual(len(fit["candidates"]), 6)
        self.assertEqual([c["index"] for c in fit["candidates"]], list(range(6)))
        done = [c["validation"] for c in fit["candidates"] if c["status"] == "done"]
        self.assertEqual(fit["validation"], max(done))
        best = fit["candidates"][fit["best"]["index"]]
        self.assertEqual(best["validation"], fit["validation"])
        self.assertEqual(best["hyper"], fit["best"]["hyper"])
        self.assertLessEqual(fit["test"]["low"], fit["test"]["value"])
        self.assertLessEqual(fit["test"]["value"], fit["test"]["high"])
        rows = fit["rows"]
        self.assertEqual(rows["train"] + rows["validation"] + rows["test"], rows["table"])
        self.assertEqual(rows["test"], fit["test"]["rows"])
        self.assertEqual(sum(c["features"] for c in fit["columns"]), fit["features"])
        self.assertEqual({c["hyper"]["rate"] for c in fit["candidates"]}, {0.001, 0.01, 0.1})
        self.assertTrue(os.path.exists(os.path.join(self.folder.name, fit["model"])))

    def test_studies(self):
        """What the four views of a study say agrees; numbers that are none are null, never text."""
        maker = os.path.join(os.path.dirname(PROGRAM), "make_study")
        for name, folds in (("one.study", "1"), ("three.study", "3")):
            subprocess.run([maker, name, "finished", folds], cwd=self.folder.name, check=True)
            shown = strict(self.run_program("study", "show", name, "--json").stdout)
            lines = [strict(line) for line in self.run_program("study", "export", name, "--format", "jsonl").stdout.splitlines()]
            self.assertEqual(shown["candidates"], lines)
            listed = strict(self.run_program("study", "list", name, "--json").stdout)["studies"]
            self.assertEqual(len(listed), 1)
            for key in ("path", "state", "metric", "statuses", "best", "validation"):
                self.assertEqual(listed[0][key], shown[key], key)
            self.assertEqual(sum(shown["statuses"].values()), len(lines))
            best = strict(self.run_program("study", "best", name, "-n", "2", "--json").stdout)["best"]
            self.assertEqual(best, [lines[3], lines[6]])
            self.assertEqual(shown["best"], 3)
            one = strict(self.run_program("study", "show", name, "--candidate", "1", "--json").stdout)
            self.assertEqual(one, lines[1])
            self.assertIsNone(one["validation"])
            self.assertEqual([len(line["readings"]) for line in lines],
                             [0 if line["epochs"] == 0 else int(folds) for line in lines])
            rows = list(csv.DictReader(io.StringIO(self.run_program("study", "export", name, "--format", "csv").stdout)))
            self.assertEqual(len(rows), len(lines))
            for row, line in zip(rows, lines):
                self.assertEqual(row["validation"], "" if line["validation"] is None else str(line["validation"]))
                self.assertEqual(float(row["rate"]), line["hyper"]["rate"])
                self.assertEqual(row["hidden"], line["hyper"]["hidden"])
            for print_ in shown["fingerprints"].values():
                self.assertEqual(len(print_["digest"]), 32)

    def test_timings(self):
        """The phases are parts of the whole, and --timings alone brings them."""
        self.assertNotIn("timings", self.fit)
        done = self.run_program("fit", "demo:moons", "--rows", "300", "--hidden", "4", "--timings", *FIT)
        fit = strict(done.stdout)
        timings = fit["timings"]
        phases = ["reading", "preparing", "searching", "retraining", "doubting", "baselines", "testing",
                  "saving"]
        self.assertEqual(set(timings), {*phases, "total", "compiling"})
        self.assertTrue(all(timings[phase] >= 0 for phase in phases))
        for phase in ("reading", "preparing", "searching", "retraining", "baselines"):
            self.assertGreater(timings[phase], 0, phase)
        self.assertLessEqual(sum(timings[phase] for phase in phases), timings["total"])
        self.assertLessEqual(fit["search"]["seconds"], timings["searching"])
        self.assertLessEqual(timings["searching"], fit["seconds"])
        compiling = timings["compiling"]
        # Training, starting and measuring each are a program of a block.
        self.assertGreaterEqual(compiling["programs"], 3)
        self.assertLess(compiling["longest"], compiling["seconds"])
        self.assertLessEqual(compiling["seconds"], compiling["programs"] * compiling["longest"])
        self.assertRegex(done.stderr, r"compiling " + str(compiling["programs"]) + " programs took ")

    def test_model_tells_what_fit_told(self):
        model = strict(self.run_program("inspect", "songs.st", "--json").stdout)
        self.assertEqual((model["schema"], model["kind"]), (1, "model"))
        self.assertEqual(model["provenance"]["test"], self.fit["test"])
        self.assertEqual(model["hyper"], self.fit["best"]["hyper"])
        self.assertEqual(model["columns"], self.fit["columns"])
        self.assertEqual(model["seed"], 3)
        sizes = [model["layers"][0]["inputs"]] + [layer["outputs"] for layer in model["layers"]]
        self.assertEqual(model["parameters"], sum(a * b + b for a, b in zip(sizes, sizes[1:])))
        self.assertEqual(sizes[0], self.fit["features"])

    def test_score_counts_what_predict_predicts(self):
        """Accuracy and log loss, worked out here from the predictions and the table."""
        import random
        rng = random.Random(5)
        with open(os.path.join(self.folder.name, "t.csv"), "w", encoding="utf-8") as file:
            file.write("a,b,kind\n")
            for _ in range(300):
                a, b = rng.random(), rng.random()
                kind = ["low", "middle, or so", 'a "high" one'][min(2, int(3 * a + rng.random() * 0.5))]
                quoted = '"' + kind.replace('"', '""') + '"'
                file.write(f"{a:.6f},{b:.6f},{quoted}\n")
        self.run_program("fit", "t.csv", "--target", "kind", "--hidden", "8", "--rate", "0.03", "--batch", "32", "--folds", "0",
                         "-o", "t.st", *FIT)
        predicted = list(csv.DictReader(io.StringIO(self.run_program("predict", "t.st", "t.csv").stdout)))
        with open(os.path.join(self.folder.name, "t.csv"), encoding="utf-8") as file:
            truth = [row["kind"] for row in csv.DictReader(file)]
        self.assertEqual(len(predicted), len(truth))
        accuracy = sum(p["prediction"] == t for p, t in zip(predicted, truth)) / len(truth)
        loss = -sum(math.log(float(p["p_" + t])) for p, t in zip(predicted, truth)) / len(truth)
        for row in predicted:
            shares = [float(value) for name, value in row.items() if name.startswith("p_")]
            self.assertAlmostEqual(sum(shares), 1, places=5)
            self.assertEqual(float(row["p_" + row["prediction"]]), max(shares))
        score = strict(self.run_program("score", "t.st", "t.csv", "--json").stdout)
        self.assertEqual((score["schema"], score["metric"], score["score"]["rows"]), (1, "accuracy", 300))
        self.assertAlmostEqual(score["score"]["value"], accuracy, places=12)
        self.assertAlmostEqual(score["also"]["log_loss"], loss, places=5)

    def test_predictions_are_those_of_the_csv(self):
        done = strict(self.run_program("predict", "songs.st", "demo:songs", "--rows", "40", "--json").stdout)
        rows = list(csv.DictReader(io.StringIO(self.run_program("predict", "songs.st", "demo:songs", "--rows", "40").stdout)))
        self.assertEqual(done["rows"], 40)
        self.assertEqual(done["predictions"], [row["prediction"] for row in rows])
        for probabilities, row in zip(done["probabilities"], rows):
            for name, p in zip(done["classes"], probabilities):
                self.assertAlmostEqual(p, float(row["p_" + name]), places=6)

    def test_no_test_rows_are_null_not_zero(self):
        fit = strict(self.run_program("fit", "demo:moons", "--rows", "200", "--hidden", "4", "--test-fraction", "0", *FIT).stdout)
        self.assertEqual(fit["test"], {"value": None, "low": None, "high": None, "rows": 0})
        self.assertEqual(fit["baselines"], {"constant": None, "linear": None})
        self.assertTrue(any("no test rows" in warning for warning in fit["warnings"]))

    def test_diverged_candidates_are_said(self):
        fit = strict(self.run_program("fit", "demo:wave", "--rows", "300", "--optimizer", "sgd", "--grid", "rate=0.01,1e30",
                                      "--hidden", "8", "--folds", "0", *FIT).stdout)
        self.assertEqual([c["status"] for c in fit["candidates"]], ["done", "diverged"])
        self.assertIsNone(fit["candidates"][1]["validation"])
        self.assertEqual(fit["best"]["index"], 0)
        self.assertTrue(fit["warnings"])

    def test_errors_leave_stdout_empty(self):
        done = self.run_program("fit", "nothing.csv", "--target", "x", "--json", code=2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "runnel: error: nothing.csv: no such file\n")


if __name__ == "__main__":
    unittest.main()
