"""The program from its start to its exit status: no failure of ours looks like a verdict.

This module decides the exit status and the one line of every exception that a command did not treat itself. It imports
the commands inside, because what fails there (no memory, a broken installation) is a failure like any other. It leaves
the text of a failure to `failure.py`, everything that a user types to `app.py`.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

from herzschlag import failure
from herzschlag.errors import UnusableMachine, WrongInput, WrongPeerInput
from herzschlag.exit_status import BROKEN_PIPE, CANNOT_RUN, FAILED, HOLDS, INTERRUPTED, WRONG_INPUT
from herzschlag.languages import use
from herzschlag.languages.refusals import told

_RESERVE_BYTES = 4 << 20
_reserve = [bytearray(_RESERVE_BYTES)]
"""Address space for the telling of a failure, which may be that there is none left. It is never written to."""


def main() -> NoReturn:
    status = _status()
    try:
        sys.stdout.flush()
    except OSError as error:
        status = _output_lost(error)
    sys.exit(status)


def _status() -> int:
    try:
        from herzschlag.compiled import serving  # noqa: PLC0415 (its failure is told as well)

        serving.use()  # before anything imports a core
        from herzschlag.cli.app import app  # noqa: PLC0415
        from herzschlag.languages.option import early  # noqa: PLC0415
        from herzschlag.running import interrupts  # noqa: PLC0415

        use(early(sys.argv[1:], os.environ))
        interrupts.end_politely()
        app()
    except SystemExit as end:
        if _is_broken_pipe(end.__context__):
            return BROKEN_PIPE
        return end.code if isinstance(end.code, int) else HOLDS if end.code is None else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except (WrongInput, WrongPeerInput) as error:
        return _say(str(error), WRONG_INPUT)
    except UnusableMachine as error:
        return _say(str(error), CANNOT_RUN)
    except BaseException as error:
        _reserve.clear()
        return _say(f"failed: {failure.line(error)}", FAILED)
    return HOLDS


def _output_lost(error: OSError) -> int:
    """Standard output could not take all. Python must not try again while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if _is_broken_pipe(error):
        return BROKEN_PIPE
    return _say(f"failed: standard output: {failure.told(error)}", FAILED)


def _is_broken_pipe(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _say(text: str, status: int) -> int:
    try:
        sys.stderr.write(f"herzschlag: {told(text)}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # it has no reader either: the status is left
    return status
