"""The controller's process: `python -m herzschlag.controller --socket PATH [--listen HOST:PORT] [--log FILE]`.

It starts the framework with our application, and the control channel beside it, and prints the line
`ready NAME VERSION` once both listen. SIGTERM, SIGINT or a quit request ends it at once: it has nothing to save, and
switches keep their rules.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from herzschlag.controller.frameworks import FrameworkMissing

_UNUSABLE = 4  # exit status: this machine cannot run it


def main() -> None:
    """Run until told to end."""
    options = _options()
    try:
        from herzschlag.controller import framework_api  # noqa: PLC0415 (where there is none, this process says so)
    except FrameworkMissing as error:
        sys.stderr.write(f"controller: {error}\n")
        sys.exit(_UNUSABLE)
    from herzschlag.controller.app import LinkCutter  # noqa: PLC0415
    from herzschlag.controller.server import listen, serve  # noqa: PLC0415

    framework_api.THREADS.patch()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    logging.basicConfig(
        filename=options.log, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    host, _, port = options.listen.rpartition(":")
    listener = listen(options.socket)

    def listening(error: OSError | None) -> None:
        if error is not None:
            sys.stderr.write(f"controller: cannot listen on {options.listen}: {error}\n")
            sys.stderr.flush()
            os._exit(_UNUSABLE)
        service = LinkCutter.service
        framework_api.THREADS.spawn(serve, listener, service.answer, _end, framework_api.THREADS)
        os.write(options.ready_fd, f"ready {framework_api.NAME} {framework_api.VERSION}\n".encode())

    framework_api.run_app("herzschlag.controller.app", host, int(port), listening)


def _end() -> None:
    os._exit(0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m herzschlag.controller", description="Switches packets, cuts and heals links."
    )
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket of the control channel")
    parser.add_argument("--listen", default="127.0.0.1:6653", help="where switches connect (default: %(default)s)")
    parser.add_argument("--log", type=Path, default=None, help="log file (default: standard error)")
    parser.add_argument("--ready-fd", type=int, default=1, help="where the ready line goes (default: standard output)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
