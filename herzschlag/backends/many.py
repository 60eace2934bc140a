"""Many labs after one another: their Python processes are forked instead of executed, which takes a third less of a
run's processor time (decision 62).

This module decides which processes those are. The process that makes nodes is not among them: it forks for each, and
the less memory it has the quicker it does.
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
    "herzschlag.agents.processes.zygote",
    "herzschlag.controller",
)
IMPORTED_AS_THEY_BEGIN = (
    "herzschlag.backends.mininet.stage.stage",
    "herzschlag.controller.app",
    "herzschlag.controller.server",
)


def expect_labs(number: int) -> None:
    """Say that this process will start so many labs, itself or by processes of its own. One alone is not worth it."""
    if number > 1:
        from herzschlag.controller import VARIABLE  # noqa: PLC0415 (one lab, and simulated ones, do without)

        expect_many((*PROCESSES, *IMPORTED_AS_THEY_BEGIN), (VARIABLE,))


def expect_no_more_labs() -> None:
    """Say that this process will start none any more."""
    expect_no_more()
