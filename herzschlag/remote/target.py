"""The target: which machine, as which user, with which key, and how its host key is checked.

This module decides what `--host` and the answer of `vagrant ssh-config` mean; it opens no connection. Vagrant's own
configuration says how host keys of its machines are treated (a fresh VM has a fresh key, reached over loopback), and
this module follows it. For any other machine OpenSSH's own file of known hosts counts.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from enum import Enum
from getpass import getuser
from pathlib import Path

import paramiko

from herzschlag.remote.errors import RemoteTrouble, RemoteUsageError

SSH_PORT = 22
PORT_MAX = 65535
VAGRANT_SECONDS_MAX = 120.0  # it takes 2 s; more when another vagrant holds its lock
KNOWN_HOSTS = Path("~/.ssh/known_hosts")


class FirstContact(Enum):
    """What to do with a host key that was never seen."""

    ASK = "ask"
    REFUSE = "refuse"
    ACCEPT = "accept"  # and remember
    UNCHECKED = "unchecked"  # neither checked nor remembered: only where Vagrant's configuration says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    address: str
    port: int
    user: str
    keys: tuple[Path, ...]  # empty: the agent's and the default ones
    known_hosts: tuple[Path, ...]  # the first is where a new key is remembered
    first_contact: FirstContact
    patience_s: float

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.user}@{address}" + ("" if self.port == SSH_PORT else f":{self.port}")


def from_host(
    text: str, *, key: Path | None, known_hosts: Path | None, first_contact: FirstContact, patience_s: float
) -> Target:
    """`[user@]address[:port]`; an IPv6 address in brackets when a port follows."""
    found = re.fullmatch(r"(?:([^@\s]+)@)?(?:\[([^\]\s]+)\]|([^@:\s\[\]]+)|([0-9a-fA-F:]+))(?::(\d+))?", text)
    port = int(found[5]) if found and found[5] else SSH_PORT
    if found is None or not 0 < port <= PORT_MAX:
        raise RemoteUsageError(f"--host {text}: expected user@address or user@address:port (IPv6: user@[address]:port)")
    if key is not None and not key.is_file():
        raise RemoteUsageError(f"--key {key}: no such file; a private key is meant, such as ~/.ssh/id_ed25519")
    return Target(
        address=found[2] or found[3] or found[4],
        port=port,
        user=found[1] or getuser(),
        keys=(key,) if key else (),
        known_hosts=(known_hosts or KNOWN_HOSTS.expanduser(), Path("/etc/ssh/ssh_known_hosts")),
        first_contact=first_contact,
        patience_s=patience_s,
    )


def from_vagrant(machine: str | None, *, patience_s: float) -> Target:
    """The machine of the Vagrantfile in the current folder or above; VAGRANT_CWD names another folder."""
    command = ["vagrant", "ssh-config", *([machine] if machine else [])]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=VAGRANT_SECONDS_MAX,
            check=False,
        )
    except FileNotFoundError:
        raise RemoteTrouble(
            "there is no program `vagrant`: install it, or name a machine with --host user@address"
        ) from None
    except subprocess.TimeoutExpired:
        raise RemoteTrouble(
            f"`{' '.join(command)}` said nothing for {VAGRANT_SECONDS_MAX:g} s: try it by hand"
        ) from None
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())
        raise RemoteTrouble(f"`{' '.join(command)}` failed: {said} (is the machine up? `vagrant up` starts it)")
    return from_ssh_config(done.stdout, machine, patience_s=patience_s)


def from_ssh_config(text: str, machine: str | None, *, patience_s: float) -> Target:
    config = paramiko.SSHConfig.from_text(text)
    names = sorted(config.get_hostnames() - {"*"})
    if machine is None and len(names) > 1:
        raise RemoteUsageError(f"the Vagrantfile has several machines: say which with --machine ({', '.join(names)})")
    if not names or (machine is not None and machine not in names):
        raise RemoteUsageError(
            f"no machine {machine or ''} in what `vagrant ssh-config` says ({', '.join(names) or 'nothing'})"
        )
    found = config.lookup(machine or names[0])
    if found.get("proxycommand", "none") != "none":
        raise RemoteTrouble("this Vagrant machine is reached through a ProxyCommand, which is not supported")
    files = found.get("userknownhostsfile", str(KNOWN_HOSTS)).split()
    return Target(
        address=found["hostname"],
        port=int(found.get("port", SSH_PORT)),
        user=found.get("user", "vagrant"),
        keys=tuple(Path(name).expanduser() for name in found.get("identityfile", [])),
        known_hosts=tuple(Path(name).expanduser() for name in files if name != os.devnull),
        first_contact={
            "no": FirstContact.UNCHECKED,
            "off": FirstContact.UNCHECKED,
            "accept-new": FirstContact.ACCEPT,
            "yes": FirstContact.REFUSE,
        }.get(found.get("stricthostkeychecking", "ask").lower(), FirstContact.ASK),
        patience_s=patience_s,
    )
