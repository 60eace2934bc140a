"""Checkers: one property of a finished run a file, from the history alone.

Decides which there are and how they are run together. A checker is `(history, scenario) -> Finding`; one that crashes
has found nothing out: unknown, never holds.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from herzschlag.checkers import (
    belief,
    expected,
    in_effect,
    isolation_justified,
    lateness,
    lock_holders,
    machinery,
    one_master,
    one_writer,
    restart_justified,
    right_master,
    started_twice,
    timeline,
    untouched,
    vms_run,
)
from herzschlag.history import History
from herzschlag.scenario import Scenario
from herzschlag.verdict import Finding, unknown

Checker = Callable[[History, Scenario], Finding]

CHECKERS: dict[str, Checker] = {
    module.NAME: module.check
    for module in (
        timeline,
        expected,
        one_writer,
        started_twice,
        lock_holders,
        restart_justified,
        isolation_justified,
        untouched,
        vms_run,
        one_master,
        right_master,
        belief,
        in_effect,
        lateness,
        machinery,
    )
}
NAMES = tuple(CHECKERS)

SAFETY = frozenset({one_writer.NAME, started_twice.NAME, lock_holders.NAME})
"""What locks must keep whatever the machine does. All else depends on timers: late ones say nothing."""


def check_all(history: History, scenario: Scenario) -> tuple[Finding, ...]:
    """Every checker's finding, with what the scenario allows taken into account."""
    found = [_allowed(_run(name, check, history, scenario), scenario) for name, check in CHECKERS.items()]
    late = next(finding for finding in found if finding.checker == lateness.NAME)
    return tuple(_excused(finding, late) for finding in found)


def _run(name: str, check: Checker, history: History, scenario: Scenario) -> Finding:
    try:
        return check(history, scenario)
    except Exception as error:  # a broken checker must never pass for a finding
        return unknown(name, f"the checker itself failed: {type(error).__name__}: {error}")


def _excused(found: Finding, late: Finding) -> Finding:
    """A machine that was too slow excuses what depends on timers: unknown, not violated."""
    if late.verdict != "unknown" or found.verdict != "violated" or found.checker in SAFETY:
        return found
    because = f"the machine was too slow to tell ({late.because}): {found.because}"
    return msgspec.structs.replace(found, verdict="unknown", because=because)


def _allowed(found: Finding, scenario: Scenario) -> Finding:
    """Turn a violation that the documentation itself foresees into `holds`, and the absence of one that must come
    into a violation."""
    for allow in scenario.expect.allow:
        if allow.checker != found.checker:
            continue
        if found.verdict == "violated":
            because = f"as documented ({allow.because}): {found.because}"
            return msgspec.structs.replace(found, verdict="holds", because=because)
        if found.verdict == "holds" and allow.must:
            because = f"what must happen did not ({allow.because}): {found.because}"
            return msgspec.structs.replace(found, verdict="violated", because=because)
    return found
