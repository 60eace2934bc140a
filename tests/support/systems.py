"""A shipped scenario of another system, played on real packets."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.checkers.verdict import Finding
from herzschlag.running.run_file import RunReport
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load, load_family, of_systems
from herzschlag.systems.finding import system_named
from herzschlag.topo.environment import program


def needs(name: str) -> pytest.MarkDecorator:
    """Skips, with the reason, where a program of the system is missing."""
    missing = [one for one in system_named(name).packages if program(one) is None]
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
