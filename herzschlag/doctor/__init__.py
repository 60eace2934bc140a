"""The doctor: what this machine can do, what it lacks, what that is needed for, and the command that installs it.

Every answer is a `Probe`: a value found by trying, never guessed from names or versions if the thing itself can be
tried. It changes nothing: trials of the kernel run in namespaces that vanish with the trial. `topo/requirements.py`
lists everything beside the kernel. This folder and that file use the standard library only, so that
`python3 -m herzschlag.doctor` answers on a machine that has nothing else. Starting labs is left to topo, and choosing
between Ryu and os-ken to the controller; the doctor only reports them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from herzschlag.doctor import cores, installed, leftovers, machine
from herzschlag.doctor.probe import Probe
from herzschlag.topo.requirements import REQUIREMENTS


def battery() -> list[Callable[[], Probe]]:
    """In the order in which one would fix them."""
    needed = [partial(installed.required, one) for one in REQUIREMENTS if one.for_labs]
    useful = [partial(installed.required, one) for one in REQUIREMENTS if not one.for_labs]
    place = [machine.own_root, machine.namespaces, machine.tun, machine.user_namespaces]
    kernel = [machine.kernel_datapath, machine.netem, machine.numgen]
    software: list[Callable[[], Probe]] = [installed.name_owners, *needed, installed.controller_framework]
    return [
        installed.python_version,
        machine.linux,
        *software,
        *place,
        *kernel,
        *useful,
        cores.compiled,
        leftovers.leftovers,
    ]


def probes() -> list[Probe]:
    """All probes. They take about a second."""
    return [probe() for probe in battery()]


def missing(found: Sequence[Probe]) -> list[Probe]:
    """The probes that prevent a lab on real packets on this machine."""
    return [probe for probe in found if probe.needed and not probe.ok]


def as_json(found: Sequence[Probe]) -> str:
    document = {"labs": not missing(found), "probes": [asdict(probe) for probe in found]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_text(found: Sequence[Probe], *, verbose: bool = False) -> str:
    """What is missing, what for, and how to install it; everything else in one line, or each in its own (`verbose`)."""
    width = max(len(probe.name) for probe in found)
    there = [probe.name for probe in found if probe.ok]
    lines = [] if verbose else [f"ok       {len(there)} of {len(found)}: {', '.join(there)}"]
    for probe in found if verbose else [probe for probe in found if not probe.ok]:
        mark = "ok     " if probe.ok else "MISSING" if probe.needed else "absent "
        lines.append(f"{mark}  {probe.name:<{width}}  {probe.detail}")
        if not probe.ok:
            lines.append(f"{'':<{width + 11}}for: {probe.purpose}")
            lines.append(f"{'':<{width + 11}}fix: {probe.fix}")
    gaps = missing(found)
    lines.append("")
    if gaps:
        lines.append(f"No labs on real packets here: {', '.join(probe.name for probe in gaps)} missing.")
        lines.append("In a checkout, `make setup` installs whatever can be installed.")
        lines.append("Simulations run all the same: --backend simulation.")
    else:
        lines.append("Labs on real packets run here.")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """`python3 -m herzschlag.doctor [--json] [-v]`: the same answers where the command line cannot be imported."""
    found = probes()
    sys.stdout.write((as_json(found) if "--json" in arguments else as_text(found, verbose="-v" in arguments)) + "\n")
    return 4 if missing(found) else 0
