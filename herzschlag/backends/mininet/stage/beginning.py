"""What a stage starts before it imports anything else: the controller, whose framework takes longest to import.

    python -m herzschlag.backends.mininet.stage SOCKET_FD RECORDS_FD LOG_FOLDER [CAPTURE_FD]

This module decides how the controller's process is started. Waiting for it, and watching it, is left to `stage.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

CONTROL_SOCKET = "/run/controller.sock"
CONTROLLER_ADDRESS, CONTROLLER_PORT = "127.0.0.1", 6653


class ControllerProcess(NamedTuple):
    """The controller, from its start on."""

    process: subprocess.Popen[bytes]
    says: int
    """Descriptor on which it says that it is ready."""


def controller_words(logs: Path, says: int) -> list[str]:
    """The command line of the controller."""
    return [
        *(sys.executable, "-m", "herzschlag.controller", "--socket", CONTROL_SOCKET),
        *("--listen", f"{CONTROLLER_ADDRESS}:{CONTROLLER_PORT}"),
        *("--log", str(logs / "controller.log"), "--ready-fd", str(says)),
    ]


def start_controller(logs: Path) -> ControllerProcess:
    logs.mkdir(parents=True, exist_ok=True)
    listens, says = os.pipe()
    with (logs / "controller.out").open("ab") as output:
        process = subprocess.Popen(
            controller_words(logs, says),
            pass_fds=(says,),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that Ctrl-C in a terminal does not reach the controller
        )
    os.close(says)
    return ControllerProcess(process, listens)
