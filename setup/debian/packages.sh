# shellcheck shell=bash
# Debian packages: which are missing, and their installation. Sourced by provision.sh.
#
# A list names, per line, a package, the program it must bring, and what that is for. The program counts, not the
# package: a machine that got Open vSwitch another way is fine, and looking costs no process. A path may have a `*` for a
# version.

# Prints the packages of the given lists whose program is absent; true when there are none.
debian_missing() {
    missing=()
    local list package program what
    for list in "$@"; do
        while read -r package program what; do
            case "$package" in '' | '#'*) continue ;; esac
            case "$program" in
                @venv) [[ -x .venv/bin/python ]] || python_has_venv || missing+=("$package") ;;
                /*) compgen -G "$program" >/dev/null || missing+=("$package") ;;
                *) command -v "$program" >/dev/null || missing+=("$package") ;;
            esac
        done <"$list"
    done
    [[ ${#missing[@]} -eq 0 ]]
}

debian_install() {
    debian_missing "$@" && return
    if ! command -v apt-get >/dev/null; then
        echo "herzschlag set-up: missing: ${missing[*]} (names of Debian's packages)." >&2
        echo "This machine has no apt-get. Install their programs by its own means; then repeat." >&2
        exit 4
    fi
    local as_root=()
    if [[ $(id -u) -ne 0 ]]; then
        if ! command -v sudo >/dev/null; then
            echo "herzschlag set-up: missing: ${missing[*]}; installing them needs root, and there is no sudo." >&2
            echo "As root: apt-get install --no-install-recommends ${missing[*]}" >&2
            exit 4
        fi
        as_root=(sudo)
    fi
    echo "herzschlag set-up: installing Debian packages${as_root:+ with sudo}, recommended ones left out:"
    local list package program what
    for list in "$@"; do
        while read -r package program what; do
            [[ " ${missing[*]} " == *" $package "* ]] && printf '  %-20s %s\n' "$package" "$what"
        done <"$list"
    done
    mkdir -p .setup
    apt_quietly update
    # dumpcap asks who may capture; inside a lab every user is root, so no other user needs the right.
    echo 'wireshark-common wireshark-common/install-setuid boolean false' |
        "${as_root[@]}" debconf-set-selections
    local services
    services=$(services_of "${missing[@]}")
    [[ -z $services ]] || keep_services_stopped
    apt_quietly install --yes --no-install-recommends "${missing[@]}"
    leave_policy_removed
    # shellcheck disable=SC2086 # names without blanks
    leave_disabled $services
    if ! debian_missing "$@"; then
        echo "herzschlag set-up: installed, but the programs of ${missing[*]} are still not found." >&2
        exit 4
    fi
}

# Prints the units that these packages start and enable when they are installed.
services_of() {
    local package
    for package in "$@"; do
        case "$package" in
            openssh-server) echo ssh.service ssh.socket ;;
            etcd-server) echo etcd.service ;;
            # It brings ifupdown along, which would manage the machine's networks; where that is in use it stays.
            ucarp) command -v ifup >/dev/null || echo networking.service ;;
            # It brings cluster-glue along, whose log daemon Debian 13 enables; where that is in use it stays.
            resource-agents) command -v ha_logger >/dev/null || echo logd.service ;;
            keepalived | redis-server | redis-sentinel | corosync | pacemaker | frr | patroni | postgresql | serf) echo "$package.service" ;;
        esac
    done
}

# Runs apt-get; its output goes to a file and is shown when it fails. Waits for another apt-get rather than failing.
apt_quietly() {
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" \
        </dev/null >.setup/apt.log 2>&1; then
        tail -n 30 .setup/apt.log >&2
        echo "herzschlag set-up: 'apt-get $*' failed; all it said is in .setup/apt.log" >&2
        exit 4
    fi
}

# The tests start their own sshd in a namespace, the lab other people's systems in its hosts. The package would start one
# for the machine, reachable from outside; Debian's policy hook prevents that during the installation.
keep_services_stopped() {
    policy=/usr/sbin/policy-rc.d
    if [[ -e $policy ]]; then
        policy=
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap leave_policy_removed EXIT
}

leave_policy_removed() {
    [[ -z ${policy:-} ]] || "${as_root[@]}" rm -f "$policy"
    policy=
}

# Installing enabled it for the next boot: by a link of systemd, which needs none running, and by those of System V.
leave_disabled() {
    local unit
    for unit in "$@"; do
        if command -v systemctl >/dev/null; then
            "${as_root[@]}" systemctl disable --quiet "$unit" 2>/dev/null || true
        fi
        if [[ -x /etc/init.d/${unit%.service} ]] && command -v update-rc.d >/dev/null; then
            "${as_root[@]}" update-rc.d "${unit%.service}" disable >/dev/null 2>&1 || true
        fi
    done
}
