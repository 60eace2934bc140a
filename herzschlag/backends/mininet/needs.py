"""What a lab on real packets needs of this machine, and what of it is missing.

This module joins what topo asks of programs, packages, devices and namespaces with the controller's framework. Nothing
stays behind: the trial sandbox ends before the answer is given.
"""

from __future__ import annotations

from herzschlag.backends.base import Missing
from herzschlag.controller import installed
from herzschlag.topo.kernel.probes import missing_for_a_lab
from herzschlag.topo.sandbox.trial import refused


def parts() -> list[Missing]:
    """What can be told without starting anything."""
    missing = [Missing(one.what, one.fix) for one in missing_for_a_lab()]
    if not installed():
        missing.append(Missing("a controller framework (os-ken or Ryu)", "pip install os-ken"))
    return missing


def needs() -> list[Missing]:
    """The parts; and where none is missing, namespaces, by a trial."""
    missing = parts()
    if not missing and (one := refused()) is not None:
        missing.append(Missing(one.what, one.fix))
    return missing
