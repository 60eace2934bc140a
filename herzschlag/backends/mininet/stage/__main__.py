"""`python -m herzschlag.backends.mininet.stage`: the first process of a sandbox."""

import sys
from pathlib import Path

from herzschlag.backends.mininet.stage.beginning import start_controller

if __name__ == "__main__":
    started = start_controller(Path(sys.argv[3]))  # it imports its framework while this process imports the rest
    from herzschlag.backends.mininet.stage.stage import main

    sys.exit(main(started))
