"""`python -m herzschlag.backends.mininet.stage`: the first process of a sandbox."""

import sys

from herzschlag.backends.mininet.stage.stage import main

if __name__ == "__main__":
    sys.exit(main())
