"""Runs on real packets that several tests look at: each is played once, whichever worker asks first."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from herzschlag.plugin.places import Place
from herzschlag.running.run_file import RUN_FILE
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load

SPEED = 10.0


@pytest.fixture(scope="session")
def packet_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str], Path]:
    """The directory of a run of this shipped scenario at speed 10, seed 1."""
    own = tmp_path_factory.getbasetemp()
    home = (own if worker_id == "master" else own.parent) / "played-once"

    def of(scenario: str) -> Path:
        directory = home / scenario
        home.mkdir(exist_ok=True)
        with (home / f"{scenario}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (directory / RUN_FILE).exists():
                wanted = RunRequest(
                    scenario=load(scenario), backend="mininet", speed=SPEED, seed=1, directory=directory
                )
                with Place.wait():
                    run(wanted)
        return directory

    return of
