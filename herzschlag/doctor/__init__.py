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
from herzschlag.languages import N_, gettext
from herzschlag.languages.refusals import of_machine
from herzschlag.topo.requirements import REQUIREMENTS

MARK = 9
"""Columns of what is said of a probe first."""


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
    width = max(len(of_machine(probe.name)) for probe in found)
    there = [of_machine(probe.name) for probe in found if probe.ok]
    counted = gettext("{number} of {all}: {names}", number=len(there), all=len(found), names=", ".join(there))
    lines = [] if verbose else [f"{'ok':<{MARK}}{counted}"]
    for probe in found if verbose else [probe for probe in found if not probe.ok]:
        mark = N_("ok") if probe.ok else N_("MISSING") if probe.needed else N_("absent")
        lines.append(f"{gettext(mark):<{MARK}}{of_machine(probe.name):<{width}}  {of_machine(probe.detail)}")
        if not probe.ok:
            lines.append(f"{'':<{width + MARK + 2}}{gettext('for: {purpose}', purpose=of_machine(probe.purpose))}")
            lines.append(f"{'':<{width + MARK + 2}}{gettext('fix: {fix}', fix=of_machine(probe.fix))}")
    gaps = missing(found)
    lines.append("")
    if gaps:
        names = ", ".join(of_machine(probe.name) for probe in gaps)
        lines.append(gettext("No labs on real packets here: {names} missing.", names=names))
        lines.append(gettext("In a checkout, `make setup` installs whatever can be installed."))
        lines.append(gettext("Simulations run all the same: --backend simulation."))
    else:
        lines.append(gettext("Labs on real packets run here."))
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """`python3 -m herzschlag.doctor [--json] [-v]`: the same answers where the command line cannot be imported."""
    found = probes()
    sys.stdout.write((as_json(found) if "--json" in arguments else as_text(found, verbose="-v" in arguments)) + "\n")
    return 4 if missing(found) else 0
