"""The programs of another system: what they cannot be asked is refused, and a kill is told as the lab's own doing."""

import os
import time
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from herzschlag.agents.processes.control import KillAgent, Killed, Who
from herzschlag.backends.mininet.stage.api import StageSettings
from herzschlag.backends.mininet.stage.foreign.programs import Programs, _Life
from herzschlag.backends.mininet.stage.nodes import StageError
from herzschlag.systems.finding import system_named
from herzschlag.topo.catalog import two_networks
from herzschlag.topo.lab.lab import Lab


class FakeLab:
    """A lab whose programs are already dead."""

    def end_programs(self, node: str) -> int:
        return time.monotonic_ns()


class FakeSettings:
    topology = two_networks(2)


def programs(records: Path) -> Programs:
    file = os.open(records, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    settings = cast("StageSettings", FakeSettings())
    made = Programs(settings, system_named("keepalived"), file, records.parent, lambda what, because: None)
    made._lab = cast("Lab", FakeLab())
    return made


def test_what_it_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    made = programs(tmp_path / "records")
    for refused in (
        lambda: made.kill("vcenter"),
        lambda: made.set_clock("host-98", 5),
        lambda: made.ask("host-98", Who()),
    ):
        with pytest.raises(StageError):
            refused()


def test_a_kill_ends_its_programs_and_its_role_at_that_instant(tmp_path: Path) -> None:
    """Else a host that was killed would stay master in the history."""
    made = programs(tmp_path / "records")
    life = made._lives["host-98"] = _Life("host-98", system_named("keepalived"), FakeSettings.topology)
    made.pids["host-98"] = 4711
    made._understand("host-98", life, "fifo:/run/keepalived.fifo", ['INSTANCE "V1" MASTER 150'], 5)
    answer = made.ask("host-98", KillAgent(watchdog=False))
    assert isinstance(answer, Killed)
    assert answer.pid == 4711
    made._understand("host-98", life, "fifo:/run/keepalived.fifo", ['INSTANCE "V1" BACKUP 150'], 9)
    told: list[dict[str, Any]] = [
        msgspec.json.decode(line) for line in (tmp_path / "records").read_bytes().splitlines()
    ]
    assert [(one["kind"], one["to"]) for one in told] == [
        ("role", "master"),
        ("program", "ended"),
        ("role", "uninitialized"),
    ]
    assert {one["at_ns"] for one in told[1:]} == {answer.at_ns}


def test_a_writers_lines_are_writes_and_no_roles(tmp_path: Path) -> None:
    made = programs(tmp_path / "records")
    life = _Life("host-98", system_named("etcd"), FakeSettings.topology)
    made._understand("host-98", life, "writer", ["acknowledged 5", "became leader at term 9"], 5)
    told = [msgspec.json.decode(line) for line in (tmp_path / "records").read_bytes().splitlines()]
    assert [(one["kind"], one["number"]) for one in told] == [("write", 5)]
