"""A program that says what it was started with: `python -m tests.support.forked_program STATUS [SLEEP_S]`."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

IMPORTED = [os.getpid()]
"""The process that imported this module: not the one that runs it, where that was forked."""


def facts() -> dict[str, Any]:
    return {
        "argv": sys.argv[1:],
        "command": Path("/proc/self/cmdline").read_bytes().rstrip(b"\0").decode().split("\0"),
        "directory": str(Path.cwd()),
        "environment": {name: value for name, value in os.environ.items() if name.startswith("FORKED_")},
        "descriptors": sorted(number for number in map(int, os.listdir("/proc/self/fd")) if _is_open(number)),  # noqa: PTH208
        "inherited": sorted(n for n in map(int, os.listdir("/proc/self/fd")) if _is_open(n) and os.get_inheritable(n)),  # noqa: PTH208
        "said": sys.stdin.read(),
        "leads_session": os.getsid(0) == os.getpid(),
        "imported_here": [os.getpid()] == IMPORTED,
        "handlers": [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)],
    }


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False  # it was the directory's own
    return True


def main() -> int:
    json.dump(facts(), sys.stdout)
    sys.stdout.flush()
    if len(sys.argv) > 2:
        time.sleep(float(sys.argv[2]))
    if sys.argv[1] == "raise":
        raise ValueError("raised on purpose")
    if sys.argv[1] == "exit":
        sys.exit("ended on purpose")
    return int(sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
