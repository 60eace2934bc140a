"""What lines mean: a program's output, cut into lines, and the records that a system's file makes of a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from herzschlag.agents.records import AgentRole, Entry
from herzschlag.agents.states import Role
from herzschlag.history.kinds import Link, Term, View
from herzschlag.systems.model import LinkState, Read

LINE_BYTES_MAX = 65_536
BECAUSE_CHARACTERS_MAX = 160
_ROLES: dict[str, Role] = {role: role for role in get_args(Role)}
_LINKS: dict[str, LinkState] = {"up": "up", "down": "down"}


class Lines:
    """Whole lines out of chunks; a line that is too long is cut."""

    def __init__(self) -> None:
        self._rest = b""

    def of(self, chunk: bytes) -> list[str]:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LINE_BYTES_MAX:
            whole, self._rest = [*whole, self._rest], b""
        return [line.decode(errors="replace").rstrip("\r") for line in whole]


class Meaning:
    """What the lines of one host mean; it remembers its role and its links, of which only changes are recorded."""

    def __init__(
        self,
        host: str,
        reads: Iterable[Read],
        hosts: Sequence[str] = (),
        node_of: Callable[[str], tuple[str, str] | None] = lambda address: None,
    ) -> None:
        """`hosts`: all of them, in the order in which members are numbered. `node_of`: who has an address, on which
        network."""
        self._host = host
        self._hosts = hosts
        self._node_of = node_of
        self._reads = [(read, re.compile(read.match)) for read in reads]
        self._role: Role = "uninitialized"
        self._links: dict[tuple[str, str], LinkState] = {}

    def of(self, source: str, line: str) -> list[Entry]:
        """`source`: the program's name, or `fifo:PATH`."""
        found = [(read, match) for read, pattern in self._reads if (match := pattern.search(line))]
        return [
            entry
            for read, match in found
            if read.of == source or (not read.of and not source.startswith("fifo:"))
            if (entry := self._entry(read, match, line)) is not None
        ]

    def _entry(self, read: Read, match: re.Match[str], line: str) -> Entry | None:
        from_ = match.start() if len(line) > BECAUSE_CHARACTERS_MAX else 0  # a long line: what matters of it
        because = line[from_:].strip()[:BECAUSE_CHARACTERS_MAX]
        if read.record == "term":
            return Term(term=int(match["term"]), because=because)
        if read.record == "view":
            numbers = [int(word) for word in match["members"].split() if word.isdecimal()]
            members = [self._hosts[number - 1] for number in sorted(numbers) if 1 <= number <= len(self._hosts)]
            return View(members=" ".join(members), because=because)
        word = match["to"]
        if read.record == "link":
            return self._link(self._node_of(match["peer"]), _LINKS.get(read.words.get(word, word)), because)
        role = _ROLES.get(read.words.get(word, word))
        return None if role is None else self.changed(role, because)

    def _link(self, end: tuple[str, str] | None, state: LinkState | None, because: str) -> Link | None:
        """The record of a link to a node on a network; None for a stranger's, and when the host thought so before."""
        if end is None or state is None or self._links.get(end) == state:
            return None
        self._links[end] = state
        return Link(peer=end[0], network=end[1], to=state, because=because)

    def changed(self, role: Role, because: str) -> AgentRole | None:
        """The record of a role; None when the host had it."""
        before, self._role = self._role, role
        if role == before:
            return None
        master = self._host if role == "master" else ""
        return AgentRole(from_=before, to=role, master=master, because=because)
