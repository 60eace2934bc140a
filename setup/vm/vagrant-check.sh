#!/usr/bin/env bash
# `make vagrant-check`: the whole life of the Vagrantfile's VM with the real Vagrant and vagrant-libvirt, from a box made of
# Debian's packages to nothing left: box add, up, ssh-config, `herzschlag remote --vagrant`, halt, destroy.
#
# libvirt wants bridges, firewall rules, daemons and folders of the machine. It gets its own: this script runs its second
# half in new network, mount and process namespaces, with empty folders in place of libvirt's. When that half ends,
# however it ends, the kernel removes them all. The VM has no way out; all it needs is in the image.
#
# It installs nothing, because libvirt's packages start services on an ordinary machine; it names what is missing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD
work=$here/.setup/vm/vagrant
name=herzschlag/vm-check

fail() {
    echo "vagrant-check: $*" >&2
    exit 4
}

missing() {
    local package program what
    while read -r package program what; do
        case "$package $what" in '#'* | ' '*) continue ;; esac
        case "$program" in
            /*) [[ -e $program ]] || printf '%s ' "$package" ;;
            *) command -v "$program" >/dev/null || printf '%s ' "$package" ;;
        esac
    done <setup/debian/vagrant.txt
}

spent=
timed() {
    local step=$1 begun=$SECONDS status=0
    shift
    echo "== $step"
    "$@" || status=$?
    echo "== $step: $((SECONDS - begun)) s"
    spent+="${spent:+, }$step $((SECONDS - begun)) s"
    return "$status"
}

version_of() {
    dpkg-query --showformat '${Version}' --show "$1"
}

# Into docs/fidelity.md.
show() {
    python3 setup/fidelity.py setup/vm/vagrant-check.sh <<PAGE
## With Vagrant

\`make vagrant-check\`, $(date --iso-8601): Vagrant $(version_of vagrant), vagrant-libvirt $(version_of vagrant-libvirt), libvirt
$(version_of libvirt-daemon-system), driver $HERZSCHLAG_LIBVIRT_DRIVER, Debian's versions. The whole life of the VM is passed, and the verdict of
\`slave-failure\` in it is: $1. Time: $spent.
PAGE
}

outside() {
    export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
    [[ $(id -u) -eq 0 ]] || fail "namespaces with a bridge and libvirt in them need root: sudo make vagrant-check"
    local absent
    absent=$(missing)
    [[ -z $absent ]] || fail "missing: $absent(apt-get install --no-install-recommends $absent)"
    setup/vm/image.sh
    rm -rf "$work"
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/box"
    echo '{"provider": "libvirt", "format": "qcow2", "virtual_size": 8}' >"$work/box/metadata.json"
    # The box brings the key that its user's account knows, as public boxes rely on Vagrant's.
    cat >"$work/box/Vagrantfile" <<'BOX'
Vagrant.configure("2") do |config|
  config.ssh.private_key_path = File.expand_path("key", __dir__)
  config.ssh.insert_key = false
end
BOX
    install -m 600 .setup/vm/key "$work/box/key"
    timed "qemu-img convert" qemu-img convert -O qcow2 .setup/vm/disk.raw "$work/box/box.img"
    tar -C "$work/box" -cf "$work/vm.box" metadata.json Vagrantfile key box.img
    rm -rf "$work/box"
    local status=0
    unshare --net --mount --pid --fork --kill-child --mount-proc "$here/setup/vm/vagrant-check.sh" inside || status=$?
    exit "$status"
}

private_folders() {
    ip link set lo up
    # This namespace's interfaces, with the machine's control groups where they were.
    mkdir "$work/cgroup"
    mount --rbind /sys/fs/cgroup "$work/cgroup"
    mount -t sysfs sysfs /sys
    mount --rbind "$work/cgroup" /sys/fs/cgroup
    cp -a /etc/libvirt "$work/etc"
    mount --bind "$work/etc" /etc/libvirt
    mkdir -p "$work/lib"
    cp -a /var/lib/libvirt/. "$work/lib/"
    mount --bind "$work/lib" /var/lib/libvirt
    mount -t tmpfs tmpfs /run
    mkdir -p /run/lock /run/libvirt
    local folder
    for folder in /var/cache/libvirt /var/log/libvirt; do
        mkdir -p "$folder"
        mount -t tmpfs tmpfs "$folder"
        mkdir -p "$folder/qemu"
    done
    printf 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\n' >>/etc/libvirt/qemu.conf
    # libvirt looks for hardware virtualisation as another user than it runs machines as; when only one of them may open
    # the device it looks again, for a minute, at every command.
    if [[ -e /dev/kvm ]]; then
        mknod -m 666 "$work/kvm" c 10 232
        mount --bind "$work/kvm" /dev/kvm
    fi
}

inside() {
    private_folders
    virtlogd >"$work/virtlogd.log" 2>&1 &
    libvirtd >"$work/libvirtd.log" 2>&1 &
    local try
    for try in $(seq 1 120); do
        virsh --quiet --connect qemu:///system list >/dev/null 2>&1 && break
        [[ $try -lt 120 ]] || { tail -n 20 "$work/libvirtd.log" >&2; fail "libvirtd does not answer"; }
        sleep 0.5
    done
    mkdir -p "$work/pool" "$work/results"
    virsh --quiet --connect qemu:///system pool-define-as herzschlag dir --target "$work/pool"
    virsh --quiet --connect qemu:///system pool-start herzschlag

    export VAGRANT_HOME=$work/home VAGRANT_DOTFILE_PATH=$work/state VAGRANT_CWD=$here VAGRANT_DEFAULT_PROVIDER=libvirt
    export VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_NO_COLOR=1
    export HERZSCHLAG_BOX=$name HERZSCHLAG_LIBVIRT_POOL=herzschlag HERZSCHLAG_MEMORY_MB=3072
    export HERZSCHLAG_LIBVIRT_DRIVER=${HERZSCHLAG_LIBVIRT_DRIVER:-qemu}
    export HERZSCHLAG_BOOT_TIMEOUT_S=900
    echo "== driver: $HERZSCHLAG_LIBVIRT_DRIVER (qemu is emulation; HERZSCHLAG_LIBVIRT_DRIVER=kvm where kernels boot with it)"
    timed "vagrant box add" vagrant box add --name "$name" "$work/vm.box" --provider libvirt
    rm "$work/vm.box"
    local status=0
    trap 'vagrant destroy --force >/dev/null 2>&1 || true' EXIT
    timed "vagrant up" vagrant up --provider=libvirt
    timed "vagrant ssh-config" vagrant ssh-config
    cd "$work/results"
    # Slowly: an emulated processor makes timers late, and a lab whose timers are late proves nothing.
    local remote=("$here/.venv/bin/herzschlag" remote --vagrant --patience 120)
    timed "herzschlag remote doctor" "${remote[@]}" doctor
    timed "herzschlag remote run" "${remote[@]}" run slave-failure --speed 0.5 || status=$?
    compgen -G 'runs/*/slave-failure/run.json' >/dev/null || fail "no run directory came home"
    cd "$here"
    timed "vagrant halt" vagrant halt
    timed "vagrant destroy" vagrant destroy --force
    trap - EXIT
    case "$status" in
        0)
            show holds
            echo "vagrant-check: passed, the run's verdict is: holds"
            ;;
        3)
            show "unknown (an emulated processor is slow)"
            echo "vagrant-check: the way is passed; the run's verdict is unknown: see above (an emulated processor is slow)"
            ;;
        *) fail "the run in the VM ended with status $status" ;;
    esac
}

case "${1:-}" in
    '') outside ;;
    inside) inside ;;
    *) fail "usage: setup/vm/vagrant-check.sh" ;;
esac
