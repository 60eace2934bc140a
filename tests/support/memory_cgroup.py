"""A memory cgroup of a test's own, in either hierarchy, so that the kernel ends what needs more than it may have."""

from __future__ import annotations

import contextlib
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

ROOTS = {
    Path("/sys/fs/cgroup/memory"): ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    Path("/sys/fs/cgroup"): ("memory.max", "memory.current"),
}
"""Where memory cgroups are made, with the files of the limit and of what is used: version 1, then version 2."""
MB = 1 << 20
EATER = """
import sys, time
open("/proc/self/oom_score_adj", "w").write("-1000")  # the kernel ends another process
kept = [bytearray(1 << 20) for _ in range(int(sys.argv[1]))]
print("eaten", flush=True)
time.sleep(600)
"""


class MemoryCgroup:
    def __init__(self, folder: Path, limit: str, used: str) -> None:
        self.folder, self._limit, self._used = folder, limit, used

    def limit(self, megabytes: float) -> None:
        (self.folder / self._limit).write_text(str(int(megabytes * MB)))

    def used_mb(self) -> float:
        return int((self.folder / self._used).read_text()) / MB

    def killed(self) -> int:
        """How many processes the kernel has ended here for want of memory."""
        for name in ("memory.oom_control", "memory.events"):
            with contextlib.suppress(OSError):
                for line in (self.folder / name).read_text().splitlines():
                    if line.startswith("oom_kill "):
                        return int(line.split()[1])
        return 0

    def pids(self) -> list[int]:
        return [int(word) for word in (self.folder / "cgroup.procs").read_text().split()]

    def inside(self, command: list[str]) -> list[str]:
        """The command, started in this cgroup."""
        return ["sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh", *command]

    def eater(self, megabytes: int) -> list[str]:
        """A command that takes so much memory here, and that the kernel spares."""
        return self.inside([sys.executable, "-c", EATER, str(megabytes)])


def refusal() -> str:
    """Why no memory cgroup can be made here; empty where one can."""
    try:
        with memory_cgroup():
            return ""
    except OSError as error:
        return f"no memory cgroup can be made: {error}"


@contextlib.contextmanager
def memory_cgroup() -> Iterator[MemoryCgroup]:
    """Raises OSError where none can be made, as without root."""
    root = next((root for root, (limit, _) in ROOTS.items() if (root / limit).exists()), Path("/sys/fs/cgroup"))
    folder = root / f"too-little-memory-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    try:
        group = MemoryCgroup(folder, *ROOTS[root])
        group.used_mb()  # version 2 without the memory controller has no such file
        yield group
    finally:
        deadline = time.monotonic() + 10
        while True:
            try:
                folder.rmdir()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
