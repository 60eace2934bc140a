"""Comparison of two runs: whether the same things happened, in the same order, at the same time.

It compares lasting states: for every host its roles, for every observer its opinions, for every VM where it ran,
counted from the moment the cluster was ready. A state of two heartbeats at most is left out: it depends on which of two
datagrams came first. A state that is little longer counts if both runs have it: whether it was two heartbeats or three
depends on the same. This module decides what counts as the same: a pure function of two histories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Literal

import msgspec

from herzschlag.checkers.verdict import Verdict
from herzschlag.history.clock import Clock
from herzschlag.history.records import SECOND, History, Record
from herzschlag.history.words import opinion
from herzschlag.languages import N_, gettext, number
from herzschlag.languages.numbers import point

LASTING_S = 2.5
"""Shorter states are passing ones. Half a heartbeat off the grid on which most states begin and end, so that none lies
on the border."""

NONE = ""
"""In place of an opinion: the observer has none."""

Kind = Literal["role", "host-state", "vm"]

BANDS_S: dict[Kind, float] = {"role": 1.6, "host-state": 3.6, "vm": 4.6}
"""How far apart the same change may be, protocol seconds. Roles depend on heartbeats alone: the deviation allowed to an
instant at speed 10, a little more, and one heartbeat, because of two hosts that hear each other again either may speak
first. Opinions also depend on datastore heartbeats, written every 3 s at their own phase; VMs also on locks, read once
a second. The checker `timeline` judges how exactly published instants are met."""

SURELY_S = LASTING_S + BANDS_S["role"]
"""A state this long counts, whatever the other run says: its length may differ as much as its ends may."""


class Change(msgspec.Struct, frozen=True):
    """Something became something, for long enough to matter."""

    at_s: float
    """Protocol seconds since the cluster was ready, which two runs have in common."""
    told: str
    """The same on the clock that people read."""
    kind: Kind
    node: str
    about: str
    """The host of an opinion, the VM; empty for a role."""
    to: str

    def show(self) -> str:
        if self.kind == "role":
            return gettext("{host} is {role}", host=self.node, role=gettext(self.to))
        if self.kind == "host-state":
            return opinion(self.node, self.about, self.to)
        said = N_("{vm} runs on {host}") if self.to == "on" else N_("{vm} is off on {host}")
        return gettext(said, vm=self.about, host=self.node)


class Row(msgspec.Struct, frozen=True):
    """One line of the comparison; a missing side is None."""

    left: Change | None
    right: Change | None
    apart_s: float | None
    verdict: Verdict


class Comparison(msgspec.Struct, frozen=True):
    rows: tuple[Row, ...]
    same: bool
    because: str
    """The first difference, in words."""


def changes(history: History, least_s: float = LASTING_S) -> list[Change]:
    """Lasting states, in order of time."""
    ready = history.of_kind("ready")
    zero_ns = ready[0].at_ns if ready else 0
    clock = Clock.of(history)
    threads: dict[tuple[Kind, str, str], list[tuple[int, str]]] = {}
    for item in history:
        told = _told(item)
        if item.kind == "role" and item.fields["to"] != "master":
            for (kind, node, _), states in threads.items():  # a host that no longer leads has no opinion of others
                if kind == "host-state" and node == item.node:
                    states.append((item.at_ns, NONE))
        if told is not None:
            kind, about, to = told
            threads.setdefault((kind, item.node, about), []).append((item.at_ns, to))
    found = []
    for (kind, node, about), states in threads.items():
        for at_ns, to in _lasting(states, history.end_ns, least_s):
            if at_ns > zero_ns and to != NONE:
                found.append(Change(round((at_ns - zero_ns) / SECOND, 3), clock.told(at_ns), kind, node, about, to))
    return sorted(found, key=lambda change: change.at_s)


def compare(left: History, right: History) -> Comparison:
    """Thread by thread (one host's role, one observer's opinion of one host, one VM on one host): the same states in
    the same order, each within its band."""
    ours, theirs = ([_threads(changes(side, least_s)) for least_s in (LASTING_S, SURELY_S)] for side in (left, right))
    rows: list[Row] = []
    for key in ours[0].keys() | theirs[0].keys():
        rows += _rows(*_counted([one.get(key, []) for one in ours], [one.get(key, []) for one in theirs]))
    rows.sort(key=_when)
    first = next((row for row in rows if row.verdict == "violated"), None)
    return Comparison(tuple(rows), first is None, "" if first is None else _difference(first))


def _told(item: Record) -> tuple[Kind, str, str] | None:
    if item.kind == "role":
        return "role", "", item.fields["to"]
    if item.kind == "host-state":
        return "host-state", item.fields["host"], item.fields["to"]
    if item.kind == "vm" and item.fields["to"] in ("on", "off"):
        return "vm", item.fields["vm"], item.fields["to"]
    return None


def _lasting(states: list[tuple[int, str]], end_ns: int, least_s: float) -> Iterable[tuple[int, str]]:
    """Leave out passing states, then repeats of the one before."""
    last = ""
    for (at_ns, to), (until_ns, _) in zip(states, [*states[1:], (end_ns + 10**12, "")], strict=True):
        if until_ns - at_ns >= least_s * SECOND and to != last:
            yield at_ns, to
            last = to


def _threads(found: list[Change]) -> dict[tuple[Kind, str, str], list[Change]]:
    threads: dict[tuple[Kind, str, str], list[Change]] = {}
    for change in found:
        threads.setdefault((change.kind, change.node, change.about), []).append(change)
    return threads


def _counted(ours: Sequence[list[Change]], theirs: Sequence[list[Change]]) -> tuple[list[Change], list[Change]]:
    """Of the states that lasted and those that surely did, on each side: the most on which the two agree; else all."""
    for left, right in product(ours, theirs):
        if [change.to for change in left] == [change.to for change in right]:
            return left, right
    return ours[0], theirs[0]


def _rows(ours: list[Change], theirs: list[Change]) -> list[Row]:
    rows = []
    for index in range(max(len(ours), len(theirs))):
        left = ours[index] if index < len(ours) else None
        right = theirs[index] if index < len(theirs) else None
        apart_s = round(right.at_s - left.at_s, 3) if left and right else None
        same = left is not None and right is not None and apart_s is not None and left.to == right.to
        near = same and left is not None and apart_s is not None and abs(apart_s) <= BANDS_S[left.kind]
        rows.append(Row(left, right, apart_s, "holds" if near else "violated"))
    return rows


def _when(row: Row) -> float:
    return min(change.at_s for change in (row.left, row.right) if change is not None)


def _difference(row: Row) -> str:
    if row.left is None or row.right is None:
        change = row.right if row.left is None else row.left
        assert change is not None
        said = (
            N_("only the right run: {what} at {when}")
            if row.left is None
            else N_("only the left run: {what} at {when}")
        )
        return gettext(said, what=change.show(), when=point(change.told))
    if row.left.to != row.right.to:
        first = min(row.left, row.right, key=lambda change: change.at_s)
        said = N_("at {when}: {what}, but {other}")
        return gettext(said, when=point(first.told), what=row.left.show(), other=row.right.show())
    assert row.apart_s is not None
    said = N_("{what} at {when} and {later}: {seconds} s apart")
    times = {"when": point(row.left.told), "later": point(row.right.told), "seconds": number(row.apart_s, "+.2f")}
    return gettext(said, what=row.left.show(), **times)
