"""The state of a running cluster by its records, and a cursor that says from where a test waits for the next one.

This module decides how far the records are read, and which count as new. A test is a program beside a cluster that does
not stop for it: while one call returns and the next begins, records arrive. So each call continues where the one before
stopped: at the fault it set off, at the record that ended its waiting, or at the instant to which it let time pass. It
leaves time and faults to `lab.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from herzschlag.history.records import Record
from herzschlag.history.standing import Standing


class Present:
    """Follows the growing records of one session."""

    def __init__(self, records: Callable[[], Sequence[Record]]) -> None:
        self._records = records
        self._read = 0
        self._stops_at: int | None = None
        self._standing = Standing()
        self._since = (-1, -1)
        """The last thing done or seen, as (at_ns, seq); records after it, in order of time, are new."""

    # --- the present state ---

    def role(self, host: str) -> str:
        """The role that the host recorded last, whether or not it has power."""
        self._catch_up()
        return self._standing.roles.get(host, "uninitialized")

    def state_of(self, host: str, seen_by: str) -> str:
        self._catch_up()
        return self._standing.opinions.get((seen_by, host), "unknown")

    def running(self) -> list[tuple[str, str]]:
        """(VM, host) of every VM that runs, as its host said last."""
        self._catch_up()
        return self._standing.running()

    def lost_power(self, hosts: Sequence[str]) -> None:
        """Forget the VMs of these hosts, since no record reports a VM that ends with its host."""
        self._catch_up()
        self._standing.lost_power(hosts)

    # --- how far it is seen ---

    def see(self, item: Record) -> None:
        """Read up to this record: those that arrived together with it but after it are not seen yet."""
        records = self._records()
        position = next((i for i in range(self._read, len(records)) if records[i] is item), None)
        if position is not None:
            self._stops_at = position + 1
            self._catch_up()
        self.go_on_from(item)

    def see_all(self) -> None:
        self._stops_at = None

    # --- which records are new ---

    def go_on_from(self, item: Record) -> None:
        self._since = _key(item)

    def go_on_at(self, at_ns: int) -> None:
        """Continue at that instant: all records of the instant itself are new."""
        self._since = (at_ns, -1)

    def go_on_now(self, now_ns: int) -> None:
        """Continue now: all records written before now are old, also those that have not arrived yet."""
        records = self._records()
        self._since = (now_ns, records[-1].seq if records else -1)

    def watch(
        self, kind: str, node: str | None, fields: dict[str, Any], after: Record | None
    ) -> Callable[[], Record | None]:
        """A function that gives the first new record of this kind, with these fields, by this node, in order of time.
        With `after`, the records that came after that one count as new."""
        since = self._since if after is None else _key(after)
        wanted = _wanted(kind, node, fields)
        looked_at = 0

        def found() -> Record | None:
            nonlocal looked_at
            records = self._records()
            fresh, looked_at = records[looked_at:], len(records)
            return min((r for r in fresh if _key(r) > since and wanted(r)), key=_key, default=None)

        return found

    def of_kind(self, kind: str, node: str | None, fields: dict[str, Any]) -> list[Record]:
        """Records so far, in order of arrival."""
        return list(filter(_wanted(kind, node, fields), self._records()))

    # --- how ---

    def _catch_up(self) -> None:
        records = self._records()
        ends_at = len(records) if self._stops_at is None else self._stops_at
        for item in records[self._read : ends_at]:
            self._standing.see(item)
        self._read = max(self._read, ends_at)


def _key(item: Record) -> tuple[int, int]:
    return (item.at_ns, item.seq)


def _wanted(kind: str, node: str | None, fields: dict[str, Any]) -> Callable[[Record], bool]:
    """The test whether a record is wanted."""

    def wanted(item: Record) -> bool:
        return (
            item.kind == kind
            and node in (None, item.node)
            and all(item.get(name) == value for name, value in fields.items())
        )

    return wanted
