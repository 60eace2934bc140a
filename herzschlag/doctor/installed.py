"""Probes of what is installed: Python, programs, libraries and packages, and the names they have."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata, util

from herzschlag.doctor.probe import Probe, by_apt, by_pip, first_line, try_command
from herzschlag.topo import environment
from herzschlag.topo.requirements import Requirement

OUR_NAME = "herzschlag"
EXTRAS = {"starlette": "live", "uvicorn": "live", "paramiko": "remote"}
"""Packages that are of use together with others, by the extra of ours that brings all of them."""


def python_version() -> Probe:
    ok = sys.version_info >= (3, 11)
    return Probe(
        name="Python",
        ok=ok,
        needed=True,
        purpose="everything",
        detail=f"{platform.python_version()} at {sys.executable}",
        fix="" if ok else by_apt("python3", "python3-venv"),
    )


def library_probe(distribution: str, module: str, requirement: str, purpose: str, *, needed: bool = False) -> Probe:
    """A Python package: its version, without importing it."""
    try:
        version, ok = metadata.version(distribution), util.find_spec(module) is not None
    except metadata.PackageNotFoundError:
        version, ok = "not installed", False
    return Probe(
        name=distribution,
        ok=ok,
        needed=needed,
        purpose=purpose,
        detail=version,
        fix="" if ok else by_pip(requirement),
    )


def program_probe(name: str, package: str, purpose: str, *, needed: bool = False, version: str = "") -> Probe:
    """A program on PATH; `version` is the option that makes it say its own."""
    path = environment.program(name)
    detail = path or "not found"
    if path and version:
        status, said = try_command((path, version))
        detail = f"{first_line(said)} ({path})" if status == 0 else path
    fix = "" if path else by_apt(package)
    return Probe(name=name, ok=path is not None, needed=needed, purpose=purpose, detail=detail, fix=fix)


def shared_library_probe(name: str, package: str, purpose: str, *, needed: bool = False) -> Probe:
    """A library that is called without a program of its own."""
    ok = environment.library_loads(name)
    detail = "loads" if ok else "not found"
    return Probe(name=name, ok=ok, needed=needed, purpose=purpose, detail=detail, fix="" if ok else by_apt(package))


def required(one: Requirement) -> Probe:
    """A line of `herzschlag.topo.requirements`."""
    match one.kind:
        case "program":
            return program_probe(one.name, one.package, one.purpose, needed=one.for_labs, version=one.version)
        case "library":
            return shared_library_probe(one.name, one.package, one.purpose, needed=one.for_labs)
        case "python":
            wanted = f"{OUR_NAME}[{EXTRAS[one.name]}]" if one.name in EXTRAS else one.package
            return library_probe(one.name, one.name, wanted, one.purpose, needed=one.for_labs)


def controller_framework() -> Probe:
    """Ryu where it is installed, os-ken otherwise; either will do. The controller package decides."""
    purpose = "the OpenFlow controller that forwards, cuts and heals"
    try:
        from herzschlag.controller import frameworks  # noqa: PLC0415 - the package needs msgspec, which may be missing
    except ImportError as error:
        return Probe(
            name="controller framework",
            ok=False,
            needed=True,
            purpose=purpose,
            detail=f"cannot be asked: {error}",
            fix=by_pip("msgspec>=0.19", "os-ken>=4.2"),
        )
    there = [f"{one.name} {one.version}" for one in frameworks.installed()]
    try:
        serves, fix = frameworks.chosen(os.environ), ""
        detail = f"{serves.name} {serves.version} serves (installed: {', '.join(there)})"
    except frameworks.FrameworkMissing as error:
        detail, fix = str(error), frameworks.way_out(by_pip("os-ken>=4.2"))
    return Probe(
        name="controller framework",
        ok=not fix,
        needed=True,
        purpose=purpose,
        detail=detail,
        fix=fix,
    )


def name_owners() -> Probe:
    """Another distribution that brings the same package would silently win over this one, or lose to it."""
    strangers = sorted(set(metadata.packages_distributions().get(OUR_NAME, ())) - {OUR_NAME})
    return Probe(
        name="package name",
        ok=not strangers,
        needed=True,
        purpose=f"{OUR_NAME} must be ours alone",
        detail=f"{OUR_NAME} belongs to {', '.join(strangers)} as well" if strangers else "one owner",
        fix=f"{sys.executable} -m pip uninstall {' '.join(strangers)}" if strangers else "",
    )
