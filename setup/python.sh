# shellcheck shell=bash
# The virtual environment .venv at the top of the checkout. Sourced by provision.sh.
#
# Versions are pinned by requirements.lock, and files by the hashes in it: pip refuses any other file, and whatever is not
# in the lock. A stamp in .venv holds the digest of what it was made from: changed dependencies or scripts bring it up to
# date in place, an unusable one is made anew.

# The extras and build needs are read by lock.sh.
# shellcheck disable=SC2034
extras='lab,ryu,live,remote,campaign,explore,pictures,dev'
# Ryu's set-up calls a function that setuptools dropped in version 68; wheel and pbr are its other build needs.
ryu_wants_pbr='pbr<7'
# shellcheck disable=SC2034
ryu_build_needs=('setuptools==67.6.1' wheel "$ryu_wants_pbr")
stamp=.venv/herzschlag-setup

# The system's Python first: every user can reach it, so rootless labs can run it. Then the newest one on PATH.
find_python() {
    local candidate candidates=(/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11)
    [[ -z ${HERZSCHLAG_PYTHON:-} ]] || candidates=("$HERZSCHLAG_PYTHON")
    for candidate in "${candidates[@]}"; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# thrown_away_venv PACKAGE…: an environment with these packages in $work/venv, which is removed when the script ends.
thrown_away_venv() {
    local python
    python=$(find_python)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    "$python" -m venv "$work/venv"
    "$work/venv/bin/python" -m pip --disable-pip-version-check install --quiet "$@"
}

python_has_venv() {
    local python
    python=$(find_python) && "$python" -c 'import ensurepip, venv' 2>/dev/null
}

venv_digest() {
    { pwd -P && cat pyproject.toml requirements.lock setup/ryu-build.lock setup/python.sh; } | sha256sum
}

venv_current() {
    [[ -x .venv/bin/python && -x .venv/bin/herzschlag && -f $stamp && $(venv_digest) == "$(<"$stamp")" ]]
}

venv_install() {
    local python begun=$SECONDS
    if ! python=$(find_python); then
        echo "herzschlag set-up: no Python 3.11 or newer found; name one: HERZSCHLAG_PYTHON=/path/to/python3 make setup" >&2
        exit 4
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "herzschlag set-up: $python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2
        exit 4
    fi
    mkdir -p .setup
    : >.setup/pip.log
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || [[ ! -f $stamp ]]; then
        echo "herzschlag set-up: making .venv with $python and the versions of requirements.lock (half a minute or two) …"
        "$python" -m venv --clear .venv
    else
        echo "herzschlag set-up: bringing .venv up to date …"
        rm -f "$stamp" # no stamp, no trust: after an interruption here the next call makes .venv anew
    fi
    # Nothing is built in isolation: an isolated build would fetch its tools without a lock. Ryu is built with older
    # tools than everything else.
    if ! .venv/bin/python -c 'import ryu' 2>/dev/null; then
        pip_quietly --require-hashes --requirement setup/ryu-build.lock
        locked ryu >.setup/pins.txt
        pip_quietly --require-hashes --no-build-isolation --no-deps --requirement .setup/pins.txt
    fi
    locked setuptools >.setup/pins.txt
    pip_quietly --require-hashes --requirement .setup/pins.txt
    pip_quietly --require-hashes --no-build-isolation --requirement requirements.lock
    pip_quietly --no-build-isolation --no-deps --editable .
    # Inside a lab no bytecode can be written. Where pip compiles none, importing what runs there does.
    .venv/bin/python -c 'import herzschlag.agents.processes.zygote, herzschlag.backends.mininet.stage.stage
import herzschlag.controller.app, herzschlag.topo.mininet.cli, herzschlag.topo.mininet.net' >>.setup/pip.log 2>&1 || true
    venv_digest >"$stamp"
    echo "herzschlag set-up: .venv is ready after $((SECONDS - begun)) s"
}

# locked NAME: the lines of requirements.lock that are about one package.
locked() {
    awk -v name="$1==" '/^[^ ]/ { ours = index($0, name) == 1 } ours' requirements.lock
}

pip_quietly() {
    if ! .venv/bin/python -m pip install --no-input --disable-pip-version-check "$@" >>.setup/pip.log 2>&1; then
        grep -v '^WARNING: Location' .setup/pip.log | tail -n 30 >&2
        echo "herzschlag set-up: 'pip install $*' failed; all it said is in .setup/pip.log" >&2
        exit 4
    fi
}
