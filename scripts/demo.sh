#!/usr/bin/env bash
# Installs what is missing, builds the program, and runs the main job on a built-in table: a search of
# candidates trained abreast, an honest test score, a model file, and predictions for songs it has not seen.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

install_packages
configure_and_build runnel_cli

cd "$root"
runnel=build/$preset/bin/runnel
out=out/demo
mkdir -p "$out"

shown() {
  printf '\n$ runnel %s\n' "$*"
  "$runnel" "$@"
}

{
  shown fit demo:songs --model $out/songs.safetensors
  # The same kind of songs, generated anew: another seed.
  shown score $out/songs.safetensors demo:songs --data-seed 1
  shown predict $out/songs.safetensors demo:songs --data-seed 1 --rows 200 -o $out/predictions.csv
} | tee $out/results.txt

cat <<END

The program       $runnel
The model         $out/songs.safetensors
The report        $out/songs.report.html
The results       $out/results.txt
Predictions       $out/predictions.csv
Your own table    $runnel fit TABLE.csv --target COLUMN
                  $runnel predict TABLE.runnel.safetensors NEW.csv -o predictions.csv
END
