"""What the programs of a system start themselves comes first as well, in whatever session it begins.

A daemon's child that begins a session (setsid(2): Pacemaker's daemons, PostgreSQL's backends) has the best nice value
of its parent, but where the kernel shares processors by session (autogroups, sched(7)) its session weighs as much as
any other of the machine. The kernel reports a setsid only to who has rights over the whole machine, so this
module looks for such sessions when programs say something, at most every `EVERY_NS`. It leaves what makes a process
urgent to `stage/priorities.py`.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from herzschlag.agents.settings import NEVER_NS
from herzschlag.backends.mininet.stage.priorities import URGENT, make_urgent

EVERY_NS = 250_000_000


class Descendants:
    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._due_ns = 0
        self._seen: set[tuple[int, int]] = set()
        """(Process, session) of those that are urgent already."""

    def look(self, now_ns: int) -> list[int]:
        """Make urgent who is new in a node, or in a new session there. Returns these processes."""
        if now_ns < self._due_ns:
            return []
        self._due_ns = now_ns + EVERY_NS
        found = self._in_nodes()
        new = sorted(pid for pid, _ in found - self._seen)
        self._seen = found
        if make_urgent(new) != URGENT:
            self._due_ns = NEVER_NS  # without the right to it nothing that is found could be changed
        return new

    def _in_nodes(self) -> set[tuple[int, int]]:
        """Every process of a node: the only ones of a sandbox that are in another process namespace than the stage."""
        ours = (self._proc / "self/ns/pid").readlink()
        found = set()
        for entry in self._proc.iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    if (entry / "ns/pid").readlink() != ours:
                        found.add((int(entry.name), os.getsid(int(entry.name))))
        return found
