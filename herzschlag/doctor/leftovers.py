"""The probe of what labs left behind, which is nothing."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

from herzschlag.doctor.probe import Probe
from herzschlag.topo.confinement import sudo

LAB_MODULES = (
    "herzschlag.topo.",
    "herzschlag.agents.",
    "herzschlag.controller",
    "herzschlag.backends.",
)  # as started by `python -m`


def left_behind(proc: Path = Path("/proc")) -> list[tuple[int, str]]:
    """Processes of labs (process number, module) without an owner: the machine's first process has adopted them.

    A lab is a tree below its command, sealed in a process namespace, so there should never be one.
    """
    found = []
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            continue  # ended while we looked
        module = next((after for word, after in pairwise(words) if word == "-m"), "")
        if parent == "1" and module.startswith(LAB_MODULES):
            found.append((int(folder.name), module))
    return sorted(found)


def leftovers() -> Probe:
    found = left_behind() if sys.platform == "linux" else []
    return Probe(
        name="leftovers",
        ok=not found,
        needed=False,
        purpose="nothing of a lab may outlive its command; please report it with the run directory",
        detail="; ".join(f"process {number} ({module})" for number, module in found) or "none",
        fix=sudo(f"kill -9 {' '.join(str(number) for number, _ in found)}") if found else "",
    )
