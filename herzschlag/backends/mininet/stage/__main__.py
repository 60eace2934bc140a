"""`python -m herzschlag.backends.mininet.stage`: the first process of a sandbox."""

import os
import signal
import sys

from herzschlag.backends.mininet.stage.beginning import begin


def main() -> int:
    """Run until the command outside is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command handles Ctrl-C, and ends everything when it is ready
    os.setsid()  # the lab has a session of its own, which can have priority over others
    started = begin(sys.argv[1:])  # they import their modules while this process imports its own
    from herzschlag.backends.mininet.stage import stage  # noqa: PLC0415

    return stage.main(started)


if __name__ == "__main__":
    sys.exit(main())
