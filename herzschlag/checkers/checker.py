"""What a checker is: a name, the kinds of record that it needs, and a function that judges one property of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from herzschlag.checkers.evidence import lacking
from herzschlag.checkers.verdict import Finding, unknown
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario


class Checker(NamedTuple):
    """Each file of `rules/` exports one as `CHECKER`."""

    name: str
    needs: tuple[str, ...] | Callable[[Scenario], tuple[str, ...]]
    """Kinds of record without which it can say nothing; a function where the scenario decides."""
    check: Callable[[History, Scenario], Finding]

    def needed_for(self, scenario: Scenario) -> tuple[str, ...]:
        """Every checker needs the beginning of the run: a history without it is empty, or of something else."""
        needs = self.needs(scenario) if callable(self.needs) else self.needs
        return ("run", *needs)

    def judge(self, history: History, scenario: Scenario) -> Finding:
        """Unknown when records that it needs are missing, whatever it would say without them."""
        gap = lacking(self.needed_for(scenario), history, scenario)
        return unknown(self.name, gap) if gap else self.check(history, scenario)
