"""Waiting: what must become true of a running cluster, or stay true, and by when.

This module decides when a condition is looked at (now, and at every record), and what a failure says: the condition's
text and last value, the state, and what happened since the first fault. It leaves questions to `asking.py`, the
texts to `condition.py` and `telling.py`, and time to the session.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection
from typing import Any

from herzschlag.by_hand.asking import Asking, ConditionNotMet
from herzschlag.by_hand.condition import last_value, text_of
from herzschlag.by_hand.words import Role, State, role, state
from herzschlag.history.records import SECOND, Record

TOLD_LINES_MAX = 9
"""Lines that say what was so, and what happened, below the one that says which condition was not met."""


class Waiting(Asking):
    @abstractmethod
    def told(self, lines: int = TOLD_LINES_MAX) -> list[str]: ...

    def wait_for(self, condition: Callable[[], object], *, within_s: float, what: str = "") -> float:
        """Let time pass until the condition is true, checked at every record. Returns how many seconds that took.
        Raises ConditionNotMet, which says the condition's text and its last value."""
        head = f"{what or f'`{text_of(condition)}`'} did not come true within {within_s:g} s"
        return self._wait(condition, within_s, head, lambda: self._seen(condition, what))

    def stays(self, condition: Callable[[], object], *, for_s: float, what: str = "") -> None:
        """Check that the condition is true now and at every record for that long. Raises ConditionNotMet."""
        broken: list[str] = []

        def breaks() -> bool:
            if not condition():  # told as it is at this record, before others are read
                head = f"{what or f'`{text_of(condition)}`'} did not stay true for {for_s:g} s"
                broken.append(self._not_met(head, self._seen(condition, what)))
            return bool(broken)

        if breaks() or self._pass(round(for_s * SECOND), breaks):
            raise ConditionNotMet(broken[0])

    def wait_running(self, vm: str, *, within_s: float, elsewhere_than: str | Collection[str] = ()) -> float:
        """Let time pass until the VM runs, on a host that is none of `elsewhere_than`. Returns how many seconds that
        took."""
        left = (elsewhere_than,) if isinstance(elsewhere_than, str) else tuple(elsewhere_than)
        for host in left:
            self._names.host(host)
        place = f" elsewhere than on {' and '.join(left)}" if left else ""
        return self._wait(
            lambda: any(host not in left for host in self.where(vm)),
            within_s,
            f"{vm} does not run{place} within {within_s:g} s",
            lambda: f"it runs {'on ' + ' and '.join(self.where(vm)) if self.where(vm) else 'nowhere'}",
        )

    def wait_role(self, host: str, wanted: Role, *, within_s: float) -> float:
        """Let time pass until the host has this role, as it sees it. Returns how many seconds that took."""
        role(wanted)
        head = f"{host} is not {wanted} within {within_s:g} s"
        return self._wait(lambda: self.role(host) == wanted, within_s, head, lambda: f"it is {self.role(host)}")

    def wait_state(self, host: str, wanted: State, *, within_s: float, seen_by: str = "vcenter") -> float:
        """Let time pass until a master, or vCenter, believes the host to be in this state. Returns how many seconds
        that took."""
        state(wanted)

        def seen() -> State:
            return self.state_of(host, seen_by=seen_by)

        head = f"{host} is not {wanted} for {seen_by} within {within_s:g} s"
        return self._wait(lambda: seen() == wanted, within_s, head, lambda: f"it is {seen()}")

    def wait_for_record(
        self, kind: str, *, node: str | None = None, within_s: float, after: Record | None = None, **fields: Any
    ) -> Record:
        """Let time pass until there is a record of this kind, with these fields, by this node; it is returned. Records
        count from `after` on; when that is left out, from the last call on that set off a fault, healed one, or let
        time pass, so that none is missed between two calls. Raises InputError for a kind, a node, a field or a value
        that no record ever has, and ConditionNotMet."""
        self._names.record(kind, node, fields)
        watch = self._present.watch(kind, node, fields, after)
        found: list[Record] = []

        def look() -> bool:
            found.extend(item for item in [watch()] if item is not None)
            return bool(found)

        wanted = " ".join([node or "anybody's", kind, *(f"{name}={value}" for name, value in fields.items())])
        self._wait(look, within_s, f"there is no record within {within_s:g} s: {wanted}", str)
        self._present.go_on_from(found[0])
        return found[0]

    def _wait(self, condition: Callable[[], object], within_s: float, head: str, seen: Callable[[], str]) -> float:
        began_ns = self.session.now_ns()
        if not condition() and not self._pass(round(within_s * SECOND), condition):
            raise ConditionNotMet(self._not_met(head, seen()))
        return (self.session.now_ns() - began_ns) / SECOND

    def _not_met(self, head: str, seen: str) -> str:
        return "\n".join([f"{head}: {seen}" if seen else head, *self.told()])

    @staticmethod
    def _seen(condition: Callable[[], object], what: str) -> str:
        """The condition's last value; with its text, where the failure is called otherwise."""
        return ", and ".join(found for found in (what and f"`{text_of(condition)}`", last_value(condition)) if found)

    def _pass(self, for_ns: int, stop: Callable[[], object]) -> bool:
        """Let time pass; True at once when `stop` is, at the moment of some record or at the end."""

        def look(item: Record) -> bool:
            self._present.see(item)
            return bool(stop())

        try:
            if self.session.run_until(self.session.now_ns() + for_ns, look):
                return True
        finally:
            self._present.see_all()
        self._present.go_on_now(self.session.now_ns())
        return bool(stop())
