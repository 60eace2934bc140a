"""A temporary directory that is removed however this process ends.

This module ensures that even a process that is killed leaves nothing: a small shell waits for the end of a pipe, which
the kernel closes, and then removes the directory.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

SWEEP = 'read -r _; for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" 2>/dev/null && exit; sleep 0.5; done'
"""Ten times: processes of a lab that is just being killed may still write."""


@contextmanager
def swept(prefix: str) -> Iterator[Path]:
    folder = Path(mkdtemp(prefix=prefix))
    with subprocess.Popen(  # a session of its own, so that Ctrl-C does not reach it
        ["sh", "-c", SWEEP, "sh", str(folder)], stdin=subprocess.PIPE, start_new_session=True
    ) as sweeper:
        assert sweeper.stdin is not None
        try:
            yield folder
        finally:
            sweeper.stdin.close()
            sweeper.wait()
