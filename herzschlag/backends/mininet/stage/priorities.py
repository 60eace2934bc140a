"""Scheduling priority of a lab: agents and the switch run before everything else where the machine allows it.

A heartbeat lab measures time. Under load an ordinary process may wait tens of milliseconds for a processor, which at
speed 10 are tenths of a protocol second. Agents and switch need very little of it, but at once: the best nice value
gives them that. Where the kernel schedules by session (autogroups, sched(7)), a nice value counts inside a session
alone, and sessions share the processors evenly: so the sessions of the lab get the best value as well. The real-time
class was tried first: its throttling (sched(7), 50 ms of every busy second) stalled all labs of a machine together.
Without the right to it (no root) the lab runs as an ordinary process; the lateness of timers is recorded either way,
and a run that was too late is `unknown`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

BEST_NICE = -20
URGENT = f"nice {BEST_NICE}"
FORBID = "HERZSCHLAG_ORDINARY_SCHEDULING"
"""Environment variable: set it to keep everything at the ordinary nice value."""


def make_urgent(pids: Iterable[int], childless: Iterable[int] = ()) -> str:
    """Give every thread of these processes, and what they will fork, the best nice value, and to their sessions where
    these are the lab's own. `childless`: the same, but what they will fork begins with the ordinary one
    (SCHED_RESET_ON_FORK, sched(7)). Returns what was done, for run.json."""
    if os.environ.get(FORBID):
        return f"ordinary ({FORBID} is set)"
    try:
        for pid in childless:
            for thread in _threads(pid):
                os.sched_setscheduler(thread, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
        for pid in [*pids, *childless]:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                for thread in _threads(pid):
                    os.setpriority(os.PRIO_PROCESS, thread, BEST_NICE)
                _session_first(pid)
    except PermissionError:
        return "ordinary (no right to a better nice value)"
    return URGENT


def _threads(pid: int) -> list[int]:
    return [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]


def _session_first(pid: int) -> None:
    if os.getsid(pid) == 0:
        return  # a session of outside, of a terminal, say: what else is in it is none of ours
    with contextlib.suppress(FileNotFoundError):  # a kernel without autogroups: nice values count everywhere
        Path(f"/proc/{pid}/autogroup").write_text(str(BEST_NICE))
