#!/usr/bin/env bash
# Settings that only a machine of its own may be given; root runs this inside the VM, any number of times. Then it runs
# `make setup` as the user who will run labs.
set -euo pipefail

user=${1:-vagrant}
checkout=${2:-/home/$user/herzschlag}

# Labs without root: Debian allows user namespaces to every user by default; a hardened image may not. The Open vSwitch
# module, netem and tun cannot be loaded from inside a user namespace, so they are loaded at every boot.
printf '%s\n' openvswitch sch_netem tun >/etc/modules-load.d/herzschlag.conf
if sysctl -n kernel.unprivileged_userns_clone >/dev/null 2>&1; then
    echo 'kernel.unprivileged_userns_clone = 1' >/etc/sysctl.d/60-herzschlag.conf
    sysctl -q -p /etc/sysctl.d/60-herzschlag.conf
fi
modprobe -a openvswitch sch_netem tun
# As udev makes it on Debian; an image without udev leaves it to root.
chmod 0666 /dev/net/tun

if ! command -v make >/dev/null; then
    apt-get -o DPkg::Lock::Timeout=300 update -qq
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq --yes --no-install-recommends make
fi
exec su - "$user" -c "make -C '$checkout' setup"
