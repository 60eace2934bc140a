"""Plays the steps of the shell's scenario, one at a time or all of them.

This module decides when the next change is due: as long after the change before as the scenario says, from the first
`step` on.
"""

from __future__ import annotations

from collections.abc import Callable

from herzschlag.cluster import Cluster
from herzschlag.history.fault_words import in_words
from herzschlag.languages import N_, gettext, number
from herzschlag.scenarios.model import Scenario


class Player:
    def __init__(self, cluster: Cluster, scenario: Scenario | None) -> None:
        self._cluster = cluster
        self._changes = list(scenario.timeline()) if scenario is not None else []
        self._ids: dict[str, str] = {}
        """The scenario's name of a fault to the cluster's."""
        self._zero_s: float | None = None

    @property
    def left(self) -> int:
        return len(self._changes)

    def step(self, wait_until: Callable[[float], bool]) -> str:
        """Wait for the next change and make it; says what it was. `wait_until` is false when it was interrupted."""
        change = self._changes[0]
        if self._zero_s is None:
            self._zero_s = self._cluster.now_s
        if not wait_until(self._zero_s + change.at_s):
            return ""
        del self._changes[0]
        about = in_words(change.fault)
        if change.begins:
            self._ids[change.id] = self._cluster.begin(change.fault)
            return self._told(N_("{when}  begin {name}: {what}"), self._ids[change.id], about)
        fault_id = self._ids.pop(change.id, "")
        if fault_id in self._cluster.active:
            self._cluster.heal(fault_id)
            return self._told(N_("{when}  end {name}: {what}"), fault_id, about)
        return self._told(N_("{when}  healed already: {what}"), fault_id, about)

    def _told(self, said: str, name: str, about: str) -> str:
        return gettext(said, when=f"{number(self._cluster.now_s, '.3f')} s", name=repr(name), what=about)
