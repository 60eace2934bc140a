#!/usr/bin/env bash
# Runs a command in another root, as a machine of its own would: `unshare --mount --pid --fork setup/distro/enter.sh ROOT
# USER COMMAND…`, as root. The root is pivoted to, since labs do not run in a chroot. Devices are new nodes, open to all
# users; everything vanishes with the mount namespace. USER is a number, 0 for root.
set -euo pipefail

root=$1 user=$2
shift 2

mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t tmpfs -o mode=755 devices dev
mkdir dev/net dev/pts dev/shm
while read -r name major minor; do
    mknod -m 0666 "dev/$name" c "$major" "$minor"
done <<'END'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
net/tun 10 200
END
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 terminals dev/pts
mount -t tmpfs -o mode=1777 shared dev/shm
mount -t tmpfs -o mode=755 run run
mount --rbind /sys sys
mkdir -p .old
pivot_root . .old
# A new /proc may only be mounted where the old one, with nothing hidden, is in sight.
mount -t proc proc /proc
umount --lazy /.old
cd /
rights=()
[[ $user -eq 0 ]] || rights=(setpriv "--reuid=$user" "--regid=$user" --clear-groups)
exec "${rights[@]}" "$@"
