#!/usr/bin/env bash
# Runs the program on the public tables that docs/real-data.md tells of, and writes that page anew, output and all.
# Usage: scripts/real-data.sh DATA_FOLDER   (which files it needs, and where they come from, the page says)
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?usage: scripts/real-data.sh DATA_FOLDER}
data=$(realpath "$data")
program=$PWD/build/release/bin/runnel
[ -x "$program" ] || { echo "build the release preset first: scripts/demo.sh" >&2; exit 1; }
page=$PWD/docs/real-data.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -s "$data"/* "$work"/
cd "$work"

# A heading, a paragraph, the command and what it prints.
show() {
  local title=$1 text=$2
  shift 2
  printf '\n## %s\n\n%s\n\n```\n$ runnel' "$title" "$text"
  local word
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./,:=-]*) printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
  "$program" "$@" 2>&1
  printf '```\n'
}

{
  cat <<'TEXT'
# On real tables

Made by `scripts/real-data.sh DATA_FOLDER` from public tables that are not part of this repository; all runs with
default settings and `--seed 0` unless the command says otherwise. Test rows are read once, at the end.

| file | where it comes from |
|---|---|
| spotify_hits_2010s.csv | "Spotify Hit Predictor", the 2010s, 6,398 tracks |
| spotify_songs.csv | tidytuesday, 2020-01-21, 32,833 rows |
| adult.data, adult.test | UCI Adult, as distributed |
| california_housing.csv | California housing 1990, with `ocean_proximity` |
| titanic.csv | the 891 passengers of the usual training table |
| mnist/ | the first 10,000 training images and the 10,000 test images of MNIST, idx files |
TEXT
  show "Hits of the 2010s" "Ids and names are found and dropped." fit spotify_hits_2010s.csv --target target --seed 0
  show "Popular songs" "A score from 0 to 100 becomes a class; the rows of one song stay on one side of every split." \
    fit spotify_songs.csv --target track_popularity --positive '>50' --group track_id --seed 0
  show "Adult" "The test file has a junk first line, and its labels end in a dot." \
    fit adult.data --no-header --target column15 --test adult.test --test-skip-rows 1 --seed 0
  show "California housing" "A regression, in dollars." fit california_housing.csv --target median_house_value --seed 0
  show "Titanic" "Few rows: the candidates are chosen by five folds." fit titanic.csv --target Survived --seed 0
  show "MNIST" "10,000 images train and choose, 10,000 others test." \
    fit mnist/train10k-images-idx3-ubyte --test mnist/t10k-images-idx3-ubyte --seed 0
  show "At most two hundred parameters" \
    "The protocol of a course exercise: 12 numeric columns, at most 200 parameters (12-14-1 has 197, 12-8-8-1 has 185, 12-5-5-5-5-1 has 161), dropout 0.5, 25 or 50 epochs, the architecture chosen on validation rows." \
    fit spotify_songs.csv --target track_popularity --positive '>50' --group track_id --seed 0 \
    --drop track_name,track_artist,track_album_id,track_album_name,track_album_release_date,playlist_name,playlist_id,playlist_genre,playlist_subgenre,track_id \
    --no-log-companions --dropout 0.5 --grid hidden=14,8x8,5x5x5x5 --grid epochs=25,50 --grid rate=0.003,0.01
  show "The same on a generated table" "Anybody can run this one." \
    fit demo:songs --drop genre --no-log-companions --dropout 0.5 --grid hidden=14,8x8,5x5x5x5 --grid epochs=25,50 --grid rate=0.003,0.01 --seed 0
  show "A grid of 256" \
    "The search of another exercise, linear regression on 48 x 48 images with every combination of four batch sizes, rates, epochs and penalties, with the bias trained; on generated faces. Its half mean squared error is in years squared: the root mean squared error is what a reader can judge." \
    fit demo:faces --raw --loss half-squared --metric rmse --optimizer sgd --hidden none --bias 0.1 --grid batch=160,200,400,640 \
    --grid rate=3e-8,3e-6,3e-5,3e-3 --grid epochs=16,32,48,64 --grid l2=1e-7,1e-5,1e-3,1e-1 --seed 0
} >"$work/page.md"
mv "$work/page.md" "$page"
echo "wrote docs/real-data.md"
