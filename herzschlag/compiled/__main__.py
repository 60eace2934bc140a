"""`python -m herzschlag.compiled`: builds the compiled modules where they do not fit the sources; a minute or two."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from herzschlag.compiled.building import CannotCompileError, build
from herzschlag.compiled.folder import MADE, home, unfit


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m herzschlag.compiled", description=(__doc__ or "").strip())
    parser.add_argument("folder", type=Path, nargs="?", help="where to; default: the place where they are looked for")
    given = parser.parse_args()
    where: Path = given.folder or home()
    if (where / MADE).exists() and not unfit(where):
        return 0
    began_s = time.monotonic()
    sys.stdout.write("herzschlag: compiling the simulation's cores (a minute or two) …\n")
    sys.stdout.flush()
    try:
        build(where)
    except CannotCompileError as error:
        sys.stderr.write(f"herzschlag: not compiled, plain Python serves: {error}\n")
        return 1
    sys.stdout.write(f"herzschlag: compiled into {where} after {time.monotonic() - began_s:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
