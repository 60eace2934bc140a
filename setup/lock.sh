#!/usr/bin/env bash
# Renews requirements.lock: the newest versions that pyproject.toml allows, as they install into an empty environment.
# Deliberate and rare; everything else installs what the lock says. Run it on the oldest supported Python (3.11), whose
# environment is a superset of the newer ones'.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=setup/python.sh
. setup/python.sh

python=$(find_python)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
pip=("$work/venv/bin/python" -m pip --disable-pip-version-check)
"${pip[@]}" install --quiet "${ryu_build_needs[@]}"
"${pip[@]}" install --quiet --no-build-isolation --no-deps "$ryu"
"${pip[@]}" install --quiet --upgrade --editable ".[$extras]"
{
    echo "# Versions that set-up installs (a pip constraints file). Made by \`make lock\` with Python $("$python" -c \
        'import platform; print(".".join(platform.python_version_tuple()[:2]))'); do not edit."
    "${pip[@]}" freeze --all --exclude-editable --exclude pip --exclude wheel --exclude pbr
} >"$work/lock"
if grep -n '@\|://' "$work/lock" >&2; then
    echo "requirements.lock: the lines above name a place, not a version; nothing written" >&2
    exit 1
fi
mv "$work/lock" requirements.lock
chmod 644 requirements.lock
