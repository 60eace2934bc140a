"""Many labs after one another: their Python processes are forked instead of executed, which takes a third less of a
run's processor time (decision 62).

This module decides which processes those are. The controller is not among them: its framework replaces parts of the
standard library, which takes longer the more has been imported. Nor is the process that makes nodes: it forks for each,
and the less memory it has the quicker it does.
"""

from __future__ import annotations

from herzschlag.topo.processes.asking import expect_many, expect_no_more

ONE_RUN = "herzschlag.running.one"
PROCESSES = (
    ONE_RUN,
    "herzschlag.topo.sandbox.launcher",
    "herzschlag.topo.capture.recorder",
    "herzschlag.backends.mininet.session",
    "herzschlag.backends.mininet.stage",
    "herzschlag.backends.mininet.stage.stage",
    "herzschlag.agents.processes.zygote",
)
"""With what they import when they begin, not before."""


def expect_labs(number: int) -> None:
    """Say that this process will start so many labs, itself or by processes of its own. One alone is not worth it."""
    if number > 1:
        expect_many(PROCESSES)


def expect_no_more_labs() -> None:
    """Say that this process will start none any more."""
    expect_no_more()
