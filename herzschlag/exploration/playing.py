"""Plays a schedule in virtual time and judges it, without leaving files.

A schedule is a scenario: it can be written as a file and played by `herzschlag run` on either backend. This module
decides what is kept of a play: the findings that do not hold, and the history for those who look closer.
"""

from __future__ import annotations

import traceback

import msgspec

from herzschlag.backends.base import MachineryDied
from herzschlag.backends.opening import open_session
from herzschlag.checkers import check_all
from herzschlag.checkers.verdict import Finding, Mark, Verdict, worst
from herzschlag.exploration.whole_again import whole_again
from herzschlag.history.records import History
from herzschlag.running.conductor import Conductor, NotReady
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan


class Played(msgspec.Struct, frozen=True):
    """One schedule, played and judged."""

    scenario: Scenario
    verdict: Verdict
    findings: tuple[Finding, ...]
    history: History
    trouble: str = ""
    """Why it could not be played to its end; a traceback of ours where there is one."""

    def bad(self) -> tuple[Finding, ...]:
        """The findings that do not hold."""
        return tuple(finding for finding in self.findings if not finding.fine)


def play(scenario: Scenario, seed: int = 0) -> Played:
    """Play it in virtual time. An exception of ours becomes the trouble of the play, and its verdict unknown."""
    history, trouble = simulate(scenario, seed)
    findings = (*check_all(history, scenario), whole_again(history, scenario)) if len(history) else ()
    marks: list[Mark] = [finding.verdict for finding in findings]
    verdict = worst([*marks, "unknown"] if trouble else marks)
    return Played(scenario, verdict, findings, history, trouble)


def simulate(scenario: Scenario, seed: int = 0) -> tuple[History, str]:
    """Play it in virtual time without judging it: the history, as far as it got, and why it got no further."""
    conductor: Conductor | None = None
    trouble = ""
    try:
        plan = make_plan(scenario, speed=1.0, seed=seed, directory=None)
        with open_session("simulation", plan) as session:
            conductor = Conductor(session, scenario, plan, None)
            conductor.play()
    except (NotReady, MachineryDied) as error:
        trouble = str(error)
    except Exception:
        trouble = traceback.format_exc()
    return (History() if conductor is None else conductor.history()), trouble
