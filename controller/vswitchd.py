"""Makes a change of flow rules true for the very next packet: tells Open vSwitch's daemon to drop cached decisions.

Open vSwitch answers a barrier when its tables have changed. Packets, though, follow decisions cached from those tables,
which are revisited a moment later: a burst right after the barrier still went the old way in up to 11 of 100 trials
(bench/cut.py). Counters lag in the same way, by up to half a second. One command of the daemon's own control socket
drops cached decisions and books their counts; it returns when that is done, in half a millisecond. It leaves those that
a thread of the daemon has its hands on at that moment, which happens on a busy machine; after a change a second command
drops whatever is left, without booking it. Where counts alone are wanted there is no need for that, and it would lose
those of packets that come between the two.

This file decides how to find and ask the daemon; when to ask is left to service.py.
Sources: ovs-vswitchd(8), commands `revalidator/purge` and `dpctl/del-flows`; ovs-appctl(8), "unixctl" is JSON-RPC 1.0
over a Unix socket.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from pathlib import Path

_log = logging.getLogger(__name__)

BOOK = ("revalidator/purge",)
FORGET = (*BOOK, "dpctl/del-flows")
_REPLY_BYTES_MAX = 65_536  # the reply is some 40 bytes


def settle(deadline_ns: int, *, changed: bool) -> bool:
    """Have counts booked and, after a change, every cached decision forgotten; whether the daemon did so. False means:
    no daemon of ours to ask, instants and counters are approximate."""
    folder = Path(os.environ.get("OVS_RUNDIR", "/var/run/openvswitch"))
    try:
        # Newest first: a daemon that was killed leaves its socket's file behind.
        doors = sorted(folder.glob("ovs-vswitchd.*.ctl"), key=lambda door: -door.stat().st_mtime_ns)
    except OSError as error:
        _log.warning("no control sockets in %s: %s", folder, error)
        return False
    for door in doors:
        try:
            return _ask(door, FORGET if changed else BOOK, deadline_ns)
        except ConnectionRefusedError:
            continue
        except (OSError, ValueError) as error:
            _log.warning("%s: %s", door, error)
            return False
    _log.warning("no ovs-vswitchd answers in %s", folder)
    return False


def _ask(door: Path, commands: tuple[str, ...], deadline_ns: int) -> bool:
    """One after the other, on one connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        # A timeout of zero would mean "do not wait" to a socket, which is not what a passed deadline means.
        connection.settimeout(max(0.001, (deadline_ns - time.monotonic_ns()) / 1e9))
        connection.connect(os.fspath(door))
        for command in commands:
            connection.sendall(json.dumps({"id": 0, "method": command, "params": []}).encode())
            answer = json.loads(_reply(connection))
            if not isinstance(answer, dict) or answer.get("error") is not None:
                raise ValueError(f"{command} was refused: {answer!r}")
    return True


def _reply(connection: socket.socket) -> bytes:
    reply = b""
    while len(reply) < _REPLY_BYTES_MAX:
        part = connection.recv(4096)
        reply += part
        if not part or reply.rstrip().endswith(b"}"):
            break
    return reply
