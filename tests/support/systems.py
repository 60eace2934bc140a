"""A shipped scenario of another system, played on real packets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from herzschlag.backends.mininet.needs import programs
from herzschlag.checkers.verdict import Detail, Finding
from herzschlag.running.run_file import RunReport
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load, load_family, of_systems
from herzschlag.systems.finding import system_named


def needs(name: str) -> pytest.MarkDecorator:
    """Skips, with the reason, where a program of the system is missing."""
    missing = [one.what for one in programs(system_named(name))]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)}: not on this machine: make systems")


BAD_LINE = "-bad-line@"


def scenarios_of(system: str) -> list[str]:
    """Of every family its members, but for those with bad lines."""
    return [name for name, of in _members() if of == system and BAD_LINE not in name]


def bad_lines() -> list[tuple[str, str]]:
    """Name and system of those with bad lines."""
    return [(name, of) for name, of in _members() if BAD_LINE in name]


def _members() -> list[tuple[str, str]]:
    members = [one for name in of_systems() for one in load_family(name)]
    return [(one.name, one.cluster.system) for one in members]


def played(name: str, directory: Path) -> RunReport:
    return run(RunRequest(scenario=load(name), backend="mininet", speed=1.0, seed=0, directory=directory))


def finding(report: RunReport, checker: str) -> Finding:
    (found,) = [one for one in report.findings if one.checker == checker]
    return found


def keep_the_formula(exact: Sequence[Detail], counted_from: str, within_s: float) -> None:
    """Fails unless these instants, of which there is one at least, are as far from the last heartbeat that was
    delivered as the system's formula says. `counted_from`: which heartbeat, as the finding tells it."""
    assert exact
    for one in exact:
        assert f"after the last heartbeat of {counted_from}" in one.because
        assert one.deviation_s is not None
        assert abs(one.deviation_s) <= within_s, one.because
