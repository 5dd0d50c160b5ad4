"""Fits public tables with the program's default settings and holds the scores against what a good model reaches.

usage: real_test.py PROGRAM CASE DATA_FOLDER
"""
import json
import os
import subprocess
import sys
import tempfile

SKIPPED = 77
program, case, folder = sys.argv[1:4]
folder = os.environ.get("RUNNEL_DATA", folder)


def path(name):
    file = os.path.join(folder, name)
    if not os.path.exists(file):
        print(f"skipped: {file} is not there")
        sys.exit(SKIPPED)
    return file


def run(*arguments, code=0):
    with tempfile.TemporaryDirectory() as work:
        done = subprocess.run([program, *arguments], cwd=work, capture_output=True, text=True)
    assert done.returncode == code, f"exit code {done.returncode}: {done.stderr}"
    return done


def fit(*arguments):
    return json.loads(run("fit", *arguments, "--seed", "0", "--json", "--quiet").stdout)


def expect_score(report, metric, least):
    assert report["metric"] == metric, report["metric"]
    test = report["test"]
    print(f"{metric} {test['value']:.4f} ({test['low']:.4f} to {test['high']:.4f}) on {test['rows']} rows, "
          f"{report['seconds']:.1f} s; constant {report['baselines']['constant']:.4f}, linear {report['baselines']['linear']:.4f}")
    assert test["value"] >= least, f"below {least}"
    assert test["low"] <= test["value"] <= test["high"]


def roles(report):
    return {column["name"]: column["role"] for column in report["columns"]}


def hits():
    report = fit(path("spotify_hits_2010s.csv"), "--target", "target")
    expect_score(report, "accuracy", 0.80)
    assert {roles(report)[name] for name in ("uri", "track", "artist")} == {"dropped"}


SONGS = ("--target", "track_popularity", "--positive", ">50")


def songs():
    expect_score(fit(path("spotify_songs.csv"), *SONGS, "--group", "track_id"), "accuracy", 0.66)


def songs_ungrouped():
    report = fit(path("spotify_songs.csv"), *SONGS, "--hidden", "none", "--grid", "epochs=1")
    assert any("4,477 rows repeat an id in column track_id" in w for w in report["warnings"]), report["warnings"]


def adult():
    report = fit(path("adult.data"), "--no-header", "--target", "column15", "--test", path("adult.test"), "--test-skip-rows", "1")
    expect_score(report, "accuracy", 0.85)
    assert report["test"]["rows"] == 16281
    assert any("final '.'" in w for w in report["warnings"]), report["warnings"]


def adult_junk():
    done = run("fit", path("adult.data"), "--no-header", "--target", "column15", "--test", path("adult.test"), code=2)
    assert "--test-skip-rows 1" in done.stderr or "--skip-rows 1" in done.stderr, done.stderr


def housing():
    expect_score(fit(path("california_housing.csv"), "--target", "median_house_value"), "r2", 0.70)


def titanic():
    expect_score(fit(path("titanic.csv"), "--target", "Survived"), "accuracy", 0.78)


def mnist():
    report = fit(path("mnist/train10k-images-idx3-ubyte"), "--test", path("mnist/t10k-images-idx3-ubyte"))
    expect_score(report, "accuracy", 0.955)
    assert report["test"]["rows"] == 10000


def two_hundred():
    columns = ("track_name,track_artist,track_album_id,track_album_name,track_album_release_date,playlist_name,playlist_id,"
               "playlist_genre,playlist_subgenre")
    report = fit(path("spotify_songs.csv"), *SONGS, "--group", "track_id", "--drop", columns, "--no-log-companions",
                 "--dropout", "0.5", "--grid", "hidden=14,8x8,5x5x5x5", "--grid", "epochs=25,50", "--grid", "rate=0.003,0.01")
    expect_score(report, "accuracy", 0.60)
    assert len(report["candidates"]) == 12
    widths = [int(w) for w in report["best"]["hyper"]["hidden"].split("x")]
    sizes = [12, *widths, 1]
    parameters = sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))
    assert parameters <= 200, parameters


{"hits": hits, "songs": songs, "songs_ungrouped": songs_ungrouped, "adult": adult, "adult_junk": adult_junk, "housing": housing,
 "titanic": titanic, "mnist": mnist, "two_hundred": two_hundred}[case]()
