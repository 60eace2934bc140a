"""What a stage starts before it imports anything else: the controller, whose framework takes longest to import, and the
zygote, which runs a small cluster to warm up.

    python -m herzschlag.backends.mininet.stage SOCKET_FD RECORDS_FD LOG_FOLDER agents|programs [CAPTURE_FD]

This module decides how the two processes are started. Waiting for them, and watching them, is left to `stage.py` and
`nodes.py`. With another system's programs in place of agents there is no zygote.
"""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import NamedTuple

from herzschlag.topo.processes.image import is_ready
from herzschlag.topo.processes.start import Process, start

CONTROL_SOCKET = "/run/controller.sock"
CONTROLLER_ADDRESS, CONTROLLER_PORT = "127.0.0.1", 6653


class ControllerProcess(NamedTuple):
    """The controller, from its start on."""

    process: Process
    says: int
    """Descriptor on which it says that it is ready."""


PACKET_BYTES = 4_000_000
"""Room for orders and news on the line to the zygote."""
AGENTS, PROGRAMS = "agents", "programs"
CONTROLLER = "herzschlag.controller"
ZYGOTE = "herzschlag.agents.processes.zygote"
COLD = "cold"
"""What tells a zygote not to warm up: a tenth of a lab's processor time, for memory that many labs do not miss."""


class ZygoteProcess(NamedTuple):
    """The zygote, from its start on."""

    process: Process
    line: socket.socket


class Started(NamedTuple):
    """Both."""

    controller: ControllerProcess
    zygote: ZygoteProcess | None


def begin(words: list[str]) -> Started:
    """Start what these words of the stage's command line ask for."""
    records, logs = int(words[1]), Path(words[2])
    logs.mkdir(parents=True, exist_ok=True)
    return Started(start_controller(logs), start_zygote(records, logs) if words[3] == AGENTS else None)


def start_zygote(records: int, logs: Path) -> ZygoteProcess:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        ours.setsockopt(socket.SOL_SOCKET, option, PACKET_BYTES)
        theirs.setsockopt(socket.SOL_SOCKET, option, PACKET_BYTES)
    with theirs, (logs / "agents.log").open("ab") as output:
        process = start(
            ZYGOTE,
            [str(theirs.fileno()), str(records), *((COLD,) if is_ready(ZYGOTE) else ())],
            env=os.environ | {"LD_BIND_NOW": "1"},  # functions bound later would be bound in each process anew
            pass_fds=(theirs.fileno(), records),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return ZygoteProcess(process, ours)


def controller_words(logs: Path, says: int) -> list[str]:
    """What the controller is told on its command line."""
    return [
        *("--socket", CONTROL_SOCKET),
        *("--listen", f"{CONTROLLER_ADDRESS}:{CONTROLLER_PORT}"),
        *("--log", str(logs / "controller.log"), "--ready-fd", str(says)),
    ]


def start_controller(logs: Path) -> ControllerProcess:
    listens, says = os.pipe()
    with (logs / "controller.out").open("ab") as output:
        process = start(
            CONTROLLER,
            controller_words(logs, says),
            env=os.environ,
            pass_fds=(says,),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            new_session=True,  # so that Ctrl-C in a terminal does not reach the controller
        )
    os.close(says)
    return ControllerProcess(process, listens)
