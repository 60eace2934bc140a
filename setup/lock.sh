#!/usr/bin/env bash
# Renews requirements.lock, setup/ryu-build.lock, setup/fuzz.lock, setup/site.lock and setup/mutants.lock: the newest versions that pyproject.toml allows, for
# every Python and system that it allows, each with the hashes of all its files. Deliberate and rare; everything else
# installs what the locks say and nothing else. It needs a package index; uv resolves, in an environment that is thrown away.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=setup/python.sh
. setup/python.sh

thrown_away_venv uv

# lock FILE ARGUMENT…: what uv makes of the arguments, with a heading. Written whole or not at all.
lock() {
    local file=$1
    shift
    "$work/venv/bin/uv" pip compile --quiet --config-file setup/lock.toml --universal --python-version 3.11 --upgrade \
        --generate-hashes --no-header --no-annotate --constraints "$work/constraints" "$@" --output-file "$work/pins"
    {
        echo "# Versions and hashes that set-up installs (pip install --require-hashes). Made by \`make lock\`; do not edit."
        cat "$work/pins"
    } >"$work/lock"
    if grep -nE '@|://' "$work/lock" >&2; then
        echo "$file: the lines above name a place, not a version; nothing written" >&2
        exit 1
    fi
    mv "$work/lock" "$file"
    chmod 644 "$file"
}

echo "$ryu_wants_pbr" >"$work/constraints"
printf '%s\n' "${ryu_build_needs[@]}" >"$work/ryu-build.in"
lock setup/ryu-build.lock "$work/ryu-build.in"
# The fuzzer that `make fuzz` alone needs; it has wheels for Linux and few Pythons, so it is in no extra.
echo 'atheris==3.0.0' >"$work/fuzz.in"
lock setup/fuzz.lock --no-deps "$work/fuzz.in"
mapfile -t wanted < <(printf -- '--extra\n%s\n' ${extras//,/ })
lock requirements.lock "${wanted[@]}" pyproject.toml
# What `make site` and `make pictures` alone need, in versions that agree with those above.
printf '%s\n' 'mkdocs-material>=9.6' 'pillow>=11' >"$work/site.in"
cat requirements.lock >>"$work/constraints"
lock setup/site.lock "$work/site.in"
# What `make mutants` alone needs, likewise.
echo 'cosmic-ray>=8.3' >"$work/mutants.in"
lock setup/mutants.lock "$work/mutants.in"
