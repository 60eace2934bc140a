"""A probe of the doctor: one answer about this machine; and how a thing is tried where it can break nothing.

This module decides what a trial is. Standard library only, as in all of this folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from herzschlag.topo import environment
from herzschlag.topo.confinement import sudo
from herzschlag.topo.requirements import REQUIREMENTS

TRIAL_SECONDS_MAX = 10.0  # any one trial; all of them take milliseconds on a healthy machine
AS_USER = ("--user", "--map-root-user")
"""Options of unshare for whom the machine does not let make namespaces directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    name: str
    ok: bool
    needed: bool  # True: every lab on real packets needs it; False: only `purpose` is lost without it
    purpose: str  # what it is needed for
    detail: str  # what was found
    fix: str = ""  # the exact command or step; empty when ok


def try_command(command: Sequence[str], given: str | None = None) -> tuple[int, str]:
    """Exit status and all output; 127 when there is no such program."""
    try:
        done = subprocess.run(
            command,
            input=given or "",
            capture_output=True,
            text=True,
            timeout=TRIAL_SECONDS_MAX,
            check=False,
            env={**os.environ, "PATH": environment.search_path()},
        )
    except FileNotFoundError:
        return 127, f"{command[0]}: no such program"
    except (OSError, subprocess.TimeoutExpired) as error:
        return 126, str(error)
    return done.returncode, (done.stdout + done.stderr).strip()


def in_namespace(
    *command: str, given: str | None = None, kinds: Sequence[str] = ("--net", "--mount")
) -> tuple[int, str]:
    """Try a command in namespaces of its own, as a lab gets them: as root directly where that is allowed, else, and as
    an ordinary user, in a user namespace."""
    if os.geteuid() == 0:
        status, said = try_command(("unshare", *kinds, *command), given)
        if status == 0 or not refused(said):
            return status, said
    return try_command(("unshare", *AS_USER, *kinds, *command), given)


def refused(said: str) -> bool:
    """Whether namespaces themselves were refused, so that nothing was tried in them."""
    return said.startswith("unshare:")


def first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


def by_apt(*packages: str) -> str:
    return sudo(f"apt-get install --no-install-recommends {' '.join(packages)}")


def package_of(program_name: str) -> str:
    return next(one.package for one in REQUIREMENTS if one.name == program_name)


def by_pip(*requirements: str) -> str:
    return f"{sys.executable} -m pip install {' '.join(repr(one) for one in requirements)}"
