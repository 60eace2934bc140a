"""Runs for tests of lesson mode, each played once for all of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from herzschlag.lesson.playing import Played, Runs, simulated

DIES = "two-hosts@master-dies"


@cache
def of(scenario: str) -> Played:
    with TemporaryDirectory() as folder:
        return simulated(scenario, Path(folder) / "run")


def a_run() -> Played:
    """The smallest: two hosts, of which the master dies."""
    return of(DIES)


def failure() -> Played:
    return of("slave-failure")


class Prepared(Runs):
    """Runs that tests share."""

    def __init__(self) -> None:
        super().__init__("simulation")

    def ready(self, scenario: str) -> bool:
        return True

    def of(self, scenario: str) -> Played:
        return of(scenario)
