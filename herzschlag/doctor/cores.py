"""The probe of the simulation's compiled cores: whether they are there, and fit the sources."""

from __future__ import annotations

import sys

from herzschlag.compiled.folder import folder, unfit
from herzschlag.doctor.probe import Probe


def compiled() -> Probe:
    where = folder()
    why = "not built" if where is None else unfit(where)
    return Probe(
        name="compiled cores",
        ok=not why,
        needed=False,
        purpose="simulated runs in about half the time; without them plain Python serves, with the same histories",
        detail=why or f"by mypyc, in {where}",
        fix=f"{sys.executable} -m herzschlag.compiled   (needs mypy, setuptools, a C compiler)" if why else "",
    )
