"""Checkers: each file judges one property of a finished run, from its history alone.

This module decides which checkers exist and how they are run together. The finding of one that crashes is unknown,
never holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import msgspec

from herzschlag import extensions
from herzschlag.checkers.checker import Checker
from herzschlag.checkers.rules import (
    asked_for,
    belief,
    expected,
    fault_in_effect,
    following,
    full_joins,
    guest_care,
    heartbeat_datastores,
    incumbent,
    isolation_in_time,
    isolation_justified,
    lateness,
    list_owners,
    lock_holders,
    machinery,
    one_master,
    one_writer,
    path_silence,
    patience,
    placement,
    point_to_point,
    replays,
    reports_missed,
    request_obeyed,
    response_owned,
    right_master,
    started_twice,
    storage_loss,
    timeline,
    untouched,
    vcenter_belief,
    vms_run,
)
from herzschlag.checkers.rules.foreign import (
    acknowledged,
    agreed_view,
    link_opinions,
    one_holder,
    one_leader_per_term,
    programs_live,
)
from herzschlag.checkers.rules.restart import attempts, in_time, justified, order, owned
from herzschlag.checkers.verdict import Finding, unknown
from herzschlag.history.kinds import KINDS
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario
from herzschlag.wrong_input import nearest

_RULES = (
    timeline,
    expected,
    one_writer,
    started_twice,
    lock_holders,
    justified,
    owned,
    order,
    in_time,
    attempts,
    placement,
    isolation_justified,
    isolation_in_time,
    response_owned,
    guest_care,
    storage_loss,
    untouched,
    asked_for,
    request_obeyed,
    vms_run,
    one_master,
    right_master,
    incumbent,
    following,
    patience,
    full_joins,
    path_silence,
    point_to_point,
    list_owners,
    belief,
    vcenter_belief,
    reports_missed,
    heartbeat_datastores,
    replays,
    fault_in_effect,
    lateness,
    machinery,
)
CHECKERS: dict[str, Checker] = {rule.CHECKER.name: rule.CHECKER for rule in _RULES}
"""In the order in which findings are shown."""
NAMES = tuple(CHECKERS)
"""Those of this package for the modelled system."""
_FOREIGN_RULES = (one_holder, agreed_view, one_leader_per_term, link_opinions, acknowledged, programs_live)
FOREIGN_CHECKERS: dict[str, Checker] = {rule.CHECKER.name: rule.CHECKER for rule in _FOREIGN_RULES}
"""What is asked of other systems alone."""
_OF_ANY_SYSTEM = frozenset(
    {timeline.NAME, expected.NAME, one_master.NAME, fault_in_effect.NAME, lateness.NAME, machinery.NAME}
)
"""What is asked of every system; all others of ours ask about vSphere HA."""


@cache
def checkers() -> Mapping[str, Checker]:
    """All checkers: ours, then those that other packages bring by entry points. Raises ExtensionError."""
    others = extensions.load(extensions.CHECKERS, {**CHECKERS, **FOREIGN_CHECKERS}, _accept)
    return MappingProxyType({**CHECKERS, **others})


def _accept(value: object, name: str) -> Checker | str:
    """What an entry point leads to, as a checker; or what is wrong with it."""
    if not isinstance(value, Checker):
        return f"it is {value!r}, not a herzschlag.checkers.Checker"
    if value.name != name:
        return f"the checker's name is {value.name!r}, the entry point's is {name!r}: the two must be equal"
    if not callable(value.check):
        return f"its check is {value.check!r}: it must be a function of a history and a scenario"
    if not callable(value.needs):
        for kind in value.needs:
            if kind not in KINDS:
                return f"it needs records of kind {kind!r}, which do not exist: {nearest(str(kind), KINDS)}"
    return value


SAFETY = frozenset({one_writer.NAME, started_twice.NAME, lock_holders.NAME, acknowledged.NAME})
"""What locks guarantee, or a system promised a client, whatever the machine does. All else depends on timers and on our
own parts being alive."""


def check_all(history: History, scenario: Scenario) -> tuple[Finding, ...]:
    """Every checker's finding, with what the scenario allows taken into account."""
    if scenario.cluster.system:
        asked = {**FOREIGN_CHECKERS, **checkers()}
        judged = [_run_of_any(checker, history, scenario) for checker in asked.values()]
    else:
        judged = [_run(checker, history, scenario) for checker in checkers().values()]
    found = [_allowed(one, scenario) for one in judged]
    doubts = [f for f in found if f.checker in (lateness.NAME, machinery.NAME) and not f.fine]
    return tuple(_excused(f, doubts[0]) if doubts else f for f in found)


def _run_of_any(checker: Checker, history: History, scenario: Scenario) -> Finding:
    """Left out by name where it asks about vSphere HA, of which another system shows nothing."""
    if checker.name in CHECKERS and checker.name not in _OF_ANY_SYSTEM:
        because = f"left out: it asks about vSphere HA, and here is {scenario.cluster.system}"
        return Finding(checker=checker.name, verdict="nothing", because=because)
    return _run(checker, history, scenario)


def _run(checker: Checker, history: History, scenario: Scenario) -> Finding:
    try:
        found = checker.judge(history, scenario)
        return found if checker.name in (*CHECKERS, *FOREIGN_CHECKERS) else _vetted(found, checker.name, history)
    except (Exception, SystemExit) as error:  # a broken checker must never pass for a finding
        return unknown(checker.name, f"the checker itself failed: {type(error).__name__}: {error}")


def _vetted(found: Finding, name: str, history: History) -> Finding:
    """What another package's checker returned; reports and exit statuses are made of it."""
    told = msgspec.convert(msgspec.to_builtins(found), Finding)
    if told.checker != name:
        raise ValueError(f"it returned a finding of {told.checker!r}, which is not its own name")
    known = {record.seq for record in history}
    if strangers := {*told.evidence, *(seq for detail in told.details for seq in detail.evidence)} - known:
        raise ValueError(f"its evidence is record {min(strangers)}, which the history does not have")
    return told


def _excused(found: Finding, doubt: Finding) -> Finding:
    """A machine that was too slow, or a part of the harness that died, excuses what depends on timers: unknown, not
    violated."""
    if found.verdict != "violated" or found.checker in SAFETY:
        return found
    because = f"in doubt because of {doubt.checker}: {found.because}"
    return msgspec.structs.replace(found, verdict="unknown", because=because, doubt=doubt.checker)


def _allowed(found: Finding, scenario: Scenario) -> Finding:
    """Turn a violation that the documentation itself foresees into `holds`, and the absence of one that must come
    into a violation."""
    for allow in scenario.expect.allow:
        if allow.checker != found.checker:
            continue
        if found.verdict == "violated" or found.foreseen:
            because = f"as documented ({allow.because}): {found.because}"
            return msgspec.structs.replace(found, verdict="holds", because=because)
        if found.fine and allow.must:
            because = f"what must happen did not ({allow.because}): {found.because}"
            return msgspec.structs.replace(found, verdict="violated", because=because)
    return found
