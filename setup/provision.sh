#!/usr/bin/env bash
# Installs what the targets of the Makefile need on this machine. This script decides the order and what is missing;
# debian/packages.sh knows packages, python.sh the virtual environment. When nothing is missing it prints nothing and takes
# a few milliseconds.
#
#   setup/provision.sh venv          the virtual environment alone (checks, simulation)
#   setup/provision.sh lab           and what a lab on real packets needs of Debian
#   setup/provision.sh test          and what the tests need of Debian
#   setup/provision.sh vm            what `make vm-check` needs
#   setup/provision.sh distro        what `make distro-check` needs
#   setup/provision.sh systems       a lab, and the programs of other people's systems
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# An ordinary user's PATH on Debian lacks the sbin folders, where half of the programs are.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
# shellcheck source=setup/debian/packages.sh
. setup/debian/packages.sh
# shellcheck source=setup/python.sh
. setup/python.sh

case "${1:-}" in
    venv) lists=() ;;
    lab) lists=(setup/debian/lab.txt) ;;
    test) lists=(setup/debian/lab.txt setup/debian/test.txt) ;;
    systems) lists=(setup/debian/lab.txt setup/debian/systems.txt) ;;
    vm) lists=(setup/debian/lab.txt setup/debian/vm.txt) ;;
    distro) lists=(setup/debian/lab.txt setup/debian/distro.txt) ;;
    *)
        echo "usage: setup/provision.sh venv|lab|test|systems|vm|distro (got '${1:-}')" >&2
        exit 2
        ;;
esac

# Two calls at once (two terminals, two checks) must not install over each other. The second one waits, then finds all
# done. Nothing is locked, and no file written, when nothing is missing.
if debian_missing "${lists[@]}" && venv_current; then
    exit 0
fi
mkdir -p .setup
exec 9>.setup/lock
! command -v flock >/dev/null || flock 9 # macOS has none
debian_install "${lists[@]}"
venv_current || venv_install
