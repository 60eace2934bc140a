#!/usr/bin/env bash
# The VM of `make vm-check` and `make vagrant-check`: .setup/vm/disk.raw, a Debian like the public Vagrant box, with a
# key of its own. Needs no mount and no loop device; root only because files of the VM belong to its root.
#
# What set-up will want inside (Debian packages of setup/debian/lab.txt, Python packages of requirements.lock) lies in the
# image as a package repository and a folder of wheels, neither installed: provisioning does all of its work in the VM,
# by the same commands as anywhere, and the VM needs no network but the one line it is reached over.
#
# HERZSCHLAG_VM_SOURCES names a file in the format of sources.list(5) or deb822 when this machine's own will not do.
# Python packages come the way pip is configured here.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=.setup/vm
disk_gib=8 # sparse; the set-up inside takes about 2

fail() {
    echo "herzschlag VM image: $*" >&2
    exit 4
}

sources() {
    local file
    for file in "${HERZSCHLAG_VM_SOURCES:-}" /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
        if [[ -n $file && -s $file ]]; then
            printf '%s\n' "$file"
            return
        fi
    done
    fail "no list of package sources found; name one: HERZSCHLAG_VM_SOURCES=FILE make vm-check"
}

# What decides the content: when none of it changed, the image is up to date.
digest() {
    cat setup/vm/image.sh setup/debian/lab.txt requirements.lock setup/ryu-build.lock setup/python.sh "$(sources)" | sha256sum
}

[[ $(id -u) -eq 0 ]] || fail "building the image needs root (its files belong to the VM's root): sudo make vm-check"
if [[ -f $folder/image-stamp && -f $folder/disk.raw && $(digest) == "$(<"$folder/image-stamp")" ]]; then
    exit 0
fi
begun=$SECONDS
mkdir -p "$folder"
chmod 755 "$folder"
rm -f "$folder/image-stamp" "$folder"/disk.*
rm -rf "$folder/root"
exec 8>"$folder/lock"
flock --nonblock 8 || fail "another build is at it (lock file $folder/lock)"
log=$folder/image.log
: >"$log"
tidy() {
    local status=$?
    rm -rf "$folder/root"
    [[ $status -eq 0 ]] || tail -n 30 "$log" >&2
}
trap tidy EXIT

# --- the wheels ---

wheels=$folder/wheels
wheels_digest=$(cat setup/vm/image.sh requirements.lock setup/ryu-build.lock | sha256sum)
if [[ ! -f $wheels/stamp || $(<"$wheels/stamp") != "$wheels_digest" ]]; then
    echo "VM image: collecting the Python packages of requirements.lock …"
    rm -rf "$wheels" "$folder/venv"
    mkdir -p "$wheels"
    # The VM has Debian's Python; wheels for another one would not install there. Files lie there as the index has them,
    # because their hashes are checked again inside: what has no wheel is built there.
    /usr/bin/python3 -m venv "$folder/venv"
    pip=("$folder/venv/bin/python" -m pip --disable-pip-version-check)
    {
        "${pip[@]}" install --require-hashes --requirement setup/ryu-build.lock
        for lock in setup/ryu-build.lock requirements.lock; do
            "${pip[@]}" download --dest "$wheels" --no-build-isolation --no-deps --require-hashes --requirement "$lock"
        done
    } >>"$log" 2>&1
    rm -rf "$folder/venv"
    printf '%s\n' "$wheels_digest" >"$wheels/stamp"
fi

# --- keys: who may log in, and the VM's own, so that the first contact can be checked ---

[[ -f $folder/key ]] || ssh-keygen -q -t ed25519 -N '' -C herzschlag-vm -f "$folder/key"
[[ -f $folder/host_key ]] || ssh-keygen -q -t ed25519 -N '' -C herzschlag-vm -f "$folder/host_key"

# --- the file system ---

echo "VM image: file system from Debian's packages (a minute or two) …"
root=$folder/root
lab=$(sed -n 's/^\([a-z][a-z0-9.+-]*\) .*/\1/p' setup/debian/lab.txt)
base=(
    systemd-sysv udev dbus libpam-systemd openssh-server sudo ca-certificates rsync kmod procps python3
    linux-image-cloud-amd64 grub-pc-bin
)
# Downloaded with the dependencies that are not there yet, and not installed.
# shellcheck disable=SC2016
download='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes --no-install-recommends --download-only install make '$(tr '\n' ' ' <<<"$lab")
# shellcheck disable=SC2016
keep='mkdir -p "$1/var/lib/herzschlag/debs" && mv "$1"/var/cache/apt/archives/*.deb "$1/var/lib/herzschlag/debs/"'
mmdebstrap --mode=root --variant=apt --aptopt='APT::Install-Recommends "false"' --include="$(
    IFS=,
    echo "${base[*]}"
)" --customize-hook="$download" --customize-hook="$keep" bookworm "$root" "$(sources)" >>"$log" 2>&1

cp -a "$wheels" "$root/var/lib/herzschlag/wheels"
(cd "$root/var/lib/herzschlag/debs" && dpkg-scanpackages --multiversion . >Packages) 2>>"$log"
rm -rf "$root"/etc/apt/sources.list.d/* "$root"/var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/var/lib/herzschlag/debs ./' >"$root/etc/apt/sources.list"
# Compiling every module of every package takes longer than all the rest on an emulated processor; what is imported
# gets compiled then.
printf '[global]\nno-index = true\nfind-links = /var/lib/herzschlag/wheels\n[install]\nno-compile = true\n' \
    >"$root/etc/pip.conf"

echo herzschlag-vm >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 herzschlag-vm\n' >"$root/etc/hosts"
rm -f "$root/etc/resolv.conf"
printf '/dev/vda1 / ext4 errors=remount-ro,noatime 0 1\n' >"$root/etc/fstab"
printf '[Match]\nName=eth* en*\n[Network]\nDHCP=ipv4\n' >"$root/etc/systemd/network/10-first.network"
install -m 600 "$folder/host_key" "$root/etc/ssh/ssh_host_ed25519_key"
install -m 644 "$folder/host_key.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
rm -f "$root"/etc/ssh/ssh_host_{rsa,ecdsa}_key*
printf 'UseDNS no\nPasswordAuthentication no\n' >"$root/etc/ssh/sshd_config.d/herzschlag.conf"
chroot "$root" useradd --create-home --shell /bin/bash vagrant
install -d -o 1000 -g 1000 -m 700 "$root/home/vagrant/.ssh"
install -o 1000 -g 1000 -m 600 "$folder/key.pub" "$root/home/vagrant/.ssh/authorized_keys"
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/vagrant"
chmod 440 "$root/etc/sudoers.d/vagrant"
chroot "$root" systemctl enable systemd-networkd >>"$log" 2>&1
# Timers of a desktop's housekeeping would compete with the labs for an emulated processor.
chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer >>"$log" 2>&1

# --- the boot loader, written by hand: grub-install wants a real device ---

mkdir -p "$root/boot/grub"
cat >"$root/boot/grub/grub.cfg" <<'MENU'
serial --unit=0 --speed=115200
terminal_output console serial
set timeout=0
menuentry "Debian" {
    linux /vmlinuz root=/dev/vda1 rw console=tty0 console=ttyS0 net.ifnames=0
    initrd /initrd.img
}
MENU
[[ -e $root/vmlinuz && -e $root/initrd.img ]] || fail "the kernel left no /vmlinuz and /initrd.img in the file system"
chroot "$root" grub-mkimage -O i386-pc -o /boot/grub/core.img -p '(hd0,msdos1)/boot/grub' \
    biosdisk part_msdos ext2 linux normal configfile serial terminal test echo >>"$log" 2>&1

# --- the disk ---

echo "VM image: disk …"
disk=$folder/disk.raw
truncate --size="${disk_gib}G" "$disk"
printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk --quiet "$disk" >>"$log" 2>&1
# 64bit and checksums of metadata are left out: GRUB's ext2 reads it whatever its version.
mke2fs -q -t ext4 -O '^metadata_csum,^64bit,^orphan_file' -E offset=1048576 -d "$root" "$disk" \
    "$((disk_gib * 1024 - 1))M" >>"$log" 2>&1
# First sector: GRUB's loader beside the partition table (446 bytes are its own). Behind it, before the partition, the rest.
dd if="$root/usr/lib/grub/i386-pc/boot.img" of="$disk" bs=446 count=1 conv=notrunc status=none
core_bytes=$(stat --format=%s "$root/boot/grub/core.img")
((core_bytes < 2047 * 512)) || fail "GRUB's core of $core_bytes bytes does not fit before the partition"
dd if="$root/boot/grub/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
digest >"$folder/image-stamp"
echo "VM image: $disk ready after $((SECONDS - begun)) s ($(du --block-size=M "$disk" | cut -f1) on disk)"
