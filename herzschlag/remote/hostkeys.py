"""Host keys: known ones, new ones, and changed ones.

A known key passes silently. A new one is shown to the user for confirmation on a terminal, and refused otherwise; no
key is ever trusted silently. A changed one is always refused, because an attack looks like that. Keys are kept where
OpenSSH keeps them, so that a machine known to `ssh` is known here, and the other way round.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import paramiko

from herzschlag.remote.errors import RemoteTrouble
from herzschlag.remote.target import SSH_PORT, FirstContact, Target


def fingerprint(key: paramiko.PKey) -> str:
    """As `ssh-keygen -l` prints it."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def name_in_file(target: Target) -> str:
    return target.address if target.port == SSH_PORT else f"[{target.address}]:{target.port}"


class FirstContactPolicy(paramiko.MissingHostKeyPolicy):
    """Called by paramiko for a key of a host that no file of known hosts names."""

    def __init__(self, target: Target, ask: Callable[[str], bool], say: Callable[[str], None]) -> None:
        self._target = target
        self._ask = ask
        self._say = say

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        target, shown = self._target, fingerprint(key)
        how = target.first_contact
        if how is FirstContact.UNCHECKED:
            return
        if how is FirstContact.ASK and not self._ask(
            f"{target} shows a host key never seen before: {shown}\nTrust it from now on?"
        ):
            raise RemoteTrouble(f"{target} shows a host key never seen before: {shown}; not trusted, nothing was done")
        if how is FirstContact.REFUSE:
            raise RemoteTrouble(
                f"{target} shows a host key never seen before: {shown}; not trusted. Compare it with"
                " `ssh-keygen -lf` of that machine's /etc/ssh/ssh_host_*_key.pub, then repeat this on a terminal,"
                " or with --accept-new-key"
            )
        if how is FirstContact.ACCEPT:
            self._say(f"{target} shows a host key never seen before: {shown}; accepted")
        remember(self._target, key)


def remember(target: Target, key: paramiko.PKey) -> None:
    """One line more in the first file of known hosts; nothing else in it is touched."""
    if not target.known_hosts:
        return
    file = target.known_hosts[0]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = f"{name_in_file(target)} {key.get_name()} {key.get_base64()}\n"
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if before and not before.endswith("\n"):
        line = f"\n{line}"
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(number, "a", encoding="utf-8") as out:
        out.write(line)


def revoked(target: Target, key: paramiko.PKey) -> Path | None:
    """The file that marks this key as revoked; paramiko does not read that mark."""
    text = key.get_base64()
    for file in target.known_hosts:
        if file.is_file():
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("@revoked ") and text in line.split():
                    return file
    return None


def changed(target: Target, expected: paramiko.PKey, shown: paramiko.PKey) -> RemoteTrouble:
    files = " ".join(str(file) for file in target.known_hosts)
    return RemoteTrouble(
        f"the host key of {target} has CHANGED: known is {fingerprint(expected)}, shown was {fingerprint(shown)}. "
        "An attacker may be in between; nothing was sent. If the machine was really made anew, forget the old key: "
        f"ssh-keygen -R '{name_in_file(target)}' (files: {files})"
    )
