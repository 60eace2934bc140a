"""A test's body in the sandbox of an ordinary user, for tests that run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.sandboxed import CHECKOUT

NOBODY = 65534
_S_MAX = 180.0


def run_as_ordinary_user(file: str, body: str, output: Path) -> int:
    """Run a body of this file as `inside` does; returns its exit status. Skips where that cannot be."""
    return run_python(
        "import sys; from tests.support.sandboxed import start_inside\n"
        f"sys.exit(start_inside({file!r}, {body!r}, None).wait(120))",
        output,
    )


def run_python(code: str, output: Path) -> int:
    """Run this text; returns its exit status. Skips where that cannot be."""
    if reason := impossible():
        pytest.skip(reason)
    with output.open("wb") as sink:
        return subprocess.run(
            command([sys.executable, "-c", code]),
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "HOME": "/"},
            stdout=sink,
            stderr=sink,
            timeout=_S_MAX,
            check=False,
        ).returncode


def impossible() -> str:
    """Why this process cannot run something as an ordinary user; empty: it can."""
    if os.geteuid() != 0:
        return "becoming another user needs root; as an ordinary user every other test here shows the same"
    interpreter = Path(sys.executable).resolve()
    if not _readable_by_all(interpreter) or not _readable_by_all(CHECKOUT):
        return f"an ordinary user may not read {interpreter} or {CHECKOUT}"
    return "needs the program setpriv" if shutil.which("setpriv") is None else ""


def command(words: Sequence[str]) -> list[str]:
    """These words as an ordinary user runs them, with a tun device of its own, open to all, in a mount namespace."""
    prepare = (
        "mount --make-rprivate / && mount -t tmpfs -o mode=755 own /mnt && mknod -m 0666 /mnt/tun c 10 200 &&"
        " mount --bind /mnt/tun /dev/net/tun &&"
    )
    as_user = f'exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups "$@"'
    return ["unshare", "--mount", "sh", "-c", f"{prepare} {as_user}", "sh", *words]


def _readable_by_all(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in [path, *path.parents])
