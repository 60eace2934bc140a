#!/usr/bin/env bash
# Looks every version of requirements.lock up among the known vulnerabilities. It needs a network: a package index for
# pip-audit, which runs in an environment that is thrown away, and the index's own list of vulnerabilities (its JSON
# interface; a mirror that has only packages will not do). A package that cannot be looked up fails the audit, because
# nothing is known of it then.
#
#   setup/audit.sh                   with the package index's list
#   setup/audit.sh -s osv            with that of osv.dev; any argument of pip-audit may follow
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=setup/python.sh
. setup/python.sh

thrown_away_venv pip-audit
for lock in requirements.lock setup/ryu-build.lock setup/fuzz.lock setup/site.lock setup/mutants.lock; do
    echo "== $lock"
    "$work/venv/bin/pip-audit" --strict --progress-spinner off --disable-pip --require-hashes --requirement "$lock" "$@"
done
