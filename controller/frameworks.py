"""Choice of the controller framework: Ryu where it is installed, its maintained fork os-ken otherwise.

It looks without importing either, so that a health check and a run's record can say it cheaply. The import itself is
left to framework_api.py.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = "HERZSCHLAG_CONTROLLER"

_MODULES = {"ryu": "ryu", "os-ken": "os_ken"}  # in order of preference


class FrameworkMissing(ImportError):
    """No framework is usable, or the one asked for is not installed."""


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework that is installed here. `name` is its distribution, `module` its import name."""

    name: str
    module: str
    version: str


def installed() -> tuple[Framework, ...]:
    """The frameworks this Python can import, the preferred one first."""
    return tuple(
        Framework(name, module, importlib.metadata.version(name))
        for name, module in _MODULES.items()
        if importlib.util.find_spec(module) is not None
    )


def way_out(install: str) -> str:
    """What mends it where none is usable: `install`, if none is installed; else another one is asked for."""
    return f"unset {VARIABLE}" if installed() else install


def chosen(environ: Mapping[str, str]) -> Framework:
    """The framework that will serve; the variable HERZSCHLAG_CONTROLLER forces one."""
    there = installed()
    wanted = environ.get(VARIABLE, "")
    if wanted and wanted not in _MODULES:
        raise FrameworkMissing(f"{VARIABLE}={wanted!r}: it must be one of {', '.join(_MODULES)}, or not be set")
    for framework in there:
        if wanted in ("", framework.name):
            return framework
    if wanted:
        have = ", ".join(framework.name for framework in there) or "none"
        raise FrameworkMissing(f"{VARIABLE}={wanted}: not installed (installed: {have}); run `make setup`")
    raise FrameworkMissing("neither Ryu nor os-ken is installed; run `make setup`")
