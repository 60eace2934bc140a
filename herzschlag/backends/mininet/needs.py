"""What a lab on real packets needs of this machine, and what of it is missing.

This module joins what topo asks of programs, packages, devices and namespaces with the controller's framework. Nothing
stays behind: the trial sandbox ends before the answer is given.
"""

from __future__ import annotations

import os

from herzschlag.backends.base import Missing
from herzschlag.controller import FrameworkMissing, chosen, way_out
from herzschlag.systems.model import System
from herzschlag.topo.environment import program
from herzschlag.topo.kernel.probes import missing_for_a_lab
from herzschlag.topo.sandbox.trial import refused


def parts() -> list[Missing]:
    """What can be told without starting anything."""
    missing = [Missing(one.what, one.fix) for one in missing_for_a_lab()]
    try:
        chosen(os.environ)
    except FrameworkMissing as error:
        missing.append(Missing(f"a controller framework ({error})", way_out("pip install os-ken")))
    return missing


def programs(system: System | None) -> list[Missing]:
    """The programs of another system that this machine does not have."""
    return [
        Missing(f"the program {name}", f"make systems, or: apt-get install --no-install-recommends {package}")
        for name, package in ({} if system is None else system.packages).items()
        if program(name) is None
    ]


def needs() -> list[Missing]:
    """The parts; and where none is missing, namespaces, by a trial."""
    missing = parts()
    if not missing and (one := refused()) is not None:
        missing.append(Missing(one.what, one.fix))
    return missing
