"""The doctor by itself: `python3 -m herzschlag.doctor`."""

import sys

from herzschlag.doctor import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
