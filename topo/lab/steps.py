"""Steps: what is done inside a node's namespaces, as documents that can be sent to the process that does it.

    ["mount", source, target, type, flags, data]   ["unmount", target]       ["make_folder", path]
    ["write", path, text]                          ["signal_all", number]    ["run", argv, standard input]
    ["show", source, target]     a folder that can be seen where the steps are prepared, and not where they are done

This file decides the vocabulary and how each step is done; where and when is left to `spawner.py` and `holder.py`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel import syscalls

Step = list[Any]
_RUN_S_MAX = 20.0


def prepared(steps: Iterable[Step]) -> list[Step]:
    """The same steps, for any mount namespace: what they show has been opened in the caller's."""
    return [["attach", syscalls.clone_mount(step[1]), step[2]] if step[0] == "show" else step for step in steps]


def do(steps: Iterable[Step]) -> None:
    for name, *arguments in steps:
        _STEPS[name](*arguments)


def write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text)
    except OSError as error:  # the kernel's refusal of a value does not name the file by itself
        raise OSError(error.errno, f"writing {text!r}: {os.strerror(error.errno or 0)}", path) from None


def _signal_all(number: int) -> None:
    """Everything in this process namespace but its pid 1 and this very process, in one go: none can fork meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, number)


def _run(argv: list[str], text: str | None) -> None:
    try:
        result = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=_RUN_S_MAX, check=False)
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv)}: not done after {_RUN_S_MAX:.0f} s") from None
    if result.returncode != 0:
        raise LabError(f"{' '.join(argv)}: status {result.returncode}: {result.stderr.strip()}")


_STEPS: dict[str, Callable[..., object]] = {
    "mount": syscalls.mount,
    "unmount": syscalls.unmount,
    "attach": syscalls.attach_mount,
    "make_folder": lambda path: Path(path).mkdir(parents=True, exist_ok=True),
    "write": write,
    "signal_all": _signal_all,
    "run": _run,
}
