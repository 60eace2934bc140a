"""What a search found, as files: the scenario, and a test that plays the same faults.

This module decides their names and texts, and that they are written at once: a search of two hours that is killed has
not lost them. It leaves playing, judging and drawing to the runner: a user who has the
files needs no search to see the violation again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from herzschlag.exploration.searching import Violation
from herzschlag.faults import kind_of
from herzschlag.history.records import write_whole
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.to_toml import as_toml


class Files(msgspec.Struct, frozen=True):
    scenario: Path
    test: Path


class Keeper:
    """Writes what is found, each violation once, as soon as it is known."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signatures: set[str] = set()
        self.written: list[tuple[Scenario, Files]] = []
        """In the order in which they were found."""

    def keep(self, violations: Iterable[Violation]) -> None:
        """Write those that are new. Raises OSError."""
        for violation in violations:
            if violation.signature in self._signatures:
                continue
            taken = frozenset(path.stem for path in self._folder.glob("*.toml"))
            scenario = named(violation, taken)
            self.written.append((scenario, write(scenario, self._folder)))
            self._signatures.add(violation.signature)


def named(violation: Violation, taken: frozenset[str]) -> Scenario:
    """The scenario under a name of its own: the checker and the kinds of faults, with a number where that is taken."""
    kinds = "-".join(dict.fromkeys(kind_of(step.fault) for step in violation.scenario.steps))
    base = re.sub(r"[^a-z0-9-]+", "-", f"{violation.signature.partition(' ')[0]}-{kinds}".lower())[:60].strip("-")
    name = next(name for name in (base, *(f"{base}-{n}" for n in range(2, 1000))) if name not in taken)
    return msgspec.structs.replace(
        violation.scenario, name=name, title=f"Found by exploration: {violation.signature}", about=violation.because
    )


def write(scenario: Scenario, folder: Path) -> Files:
    """Write NAME.toml and test_NAME.py. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder / f"{scenario.name}.toml", folder / f"test_{scenario.name.replace('-', '_')}.py")
    write_whole(files.scenario, as_toml(scenario).encode())
    write_whole(files.test, test_of(scenario).encode())
    return files


def test_of(scenario: Scenario) -> str:
    """A pytest file that sets off the same faults at the same moments; the plugin's checkers judge it."""
    told, plain = msgspec.to_builtins(scenario.cluster), msgspec.to_builtins(Cluster())
    setup = ", ".join(f"{key}={value!r}" for key, value in told.items() if value != plain[key])
    lines = [f'"""{scenario.title}"""', "", "import pytest", "", ""]
    lines += [f"@pytest.mark.herzschlag({setup})", f"def test_{scenario.name.replace('-', '_')}(cluster):"]
    at_s, names = 0.0, {step.id: f"fault_{number}" for number, step in enumerate(scenario.plain_steps(), 1)}
    for change in scenario.timeline():
        if change.at_s > at_s:
            lines.append(f"    cluster.advance({change.at_s - at_s:g})")
            at_s = change.at_s
        if change.begins:
            fields = msgspec.to_builtins(change.fault)
            given = {f.name: fields[f.name] for f in msgspec.structs.fields(change.fault) if f.name in fields}
            defaults = {f.name: f.default for f in msgspec.structs.fields(change.fault)}
            keys = "".join(f", {key}={value!r}" for key, value in given.items() if value != defaults[key])
            kept = f"{names[change.id]} = " if change.fault.undoable else ""
            lines.append(f'    {kept}cluster.fault("{kind_of(change.fault)}"{keys})')
        else:
            lines.append(f"    cluster.heal({names[change.id]})")
    lines.append(f"    cluster.advance({scenario.settle_s:g})")
    return "\n".join(lines) + "\n"
