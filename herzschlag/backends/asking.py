"""Real packets: whether they are available here, asked once before the first lab, and how their lack is told.

This module decides what is asked and in which words the answer reads, for every command and the pytest plugin. The
questions themselves are in `mininet/needs.py`; that a lab really comes up is the session's word.
"""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Sequence
from functools import cache

from herzschlag.backends.base import Missing
from herzschlag.backends.names import Backend
from herzschlag.languages import N_, gettext, ngettext

NAMED_MAX = 3
"""Missing things that a line names; more are counted."""
APT, PIP = "apt-get install ", "pip install "
ELSEWHERE = "vagrant up, then herzschlag remote --vagrant"
VIRTUAL = ("--backend", "simulation")


@cache
def lacking() -> tuple[Missing, ...]:
    """What this machine lacks for labs on real packets; empty when it lacks nothing. Takes 0.2 s, once a process."""
    if sys.platform != "linux":
        return (Missing(f"Linux (this is {platform.system() or sys.platform})", ELSEWHERE),)
    from herzschlag.backends.mininet.needs import needs  # noqa: PLC0415 (Linux alone has what it imports)

    return tuple(needs())


def why(missing: Sequence[Missing]) -> str:
    """What is missing, in a line."""
    names = [item.what for item in missing]
    more = len(names) - NAMED_MAX
    listed = ", ".join(names if more <= 0 else [*names[:NAMED_MAX], gettext("and {number} more", number=more)])
    return ngettext("{what} is missing", "{what} are missing", len(names), what=listed)


def how(missing: Sequence[Missing]) -> str:
    """How to get all of it, in a line: Debian's packages by one command, several Python packages by our extra."""
    fixes = list(dict.fromkeys(item.fix for item in missing))
    by_apt = [fix for fix in fixes if APT in fix]
    by_pip = [fix for fix in fixes if fix.startswith(PIP)]
    others = [fix for fix in fixes if fix not in by_apt and fix not in by_pip]
    others = [*(by_pip if len(by_pip) < 2 else [f"{PIP}'herzschlag[lab]'"]), *others]
    if by_apt:
        command, _, _ = by_apt[0].partition(APT)
        packages = dict.fromkeys(fix.partition(APT)[2] for fix in by_apt)
        others.insert(0, f"{command}{APT}{' '.join(packages)}")
    return "; ".join(others)


def refusal(missing: Sequence[Missing], instead: str) -> str:
    """One line for a command that needs real packets and cannot have them; `instead` is the one that runs here."""
    said = N_("no real packets here: {why} ({how}); in virtual time: {command}")
    return gettext(said, why=why(missing), how=how(missing), command=instead)


def simulated(arguments: Sequence[str]) -> str:
    """The same command in virtual time, ready to paste. `arguments`: those of the program as they were typed."""
    words = iter(arguments)
    kept: list[str] = []
    for word in words:
        if word == "--backend":
            next(words, None)
        elif not word.startswith("--backend="):
            kept.append(word)
    return shlex.join(["herzschlag", *kept, *VIRTUAL])


def offered(wanted: Backend, arguments: Sequence[str], ask: bool) -> tuple[Backend, str]:
    """The backend to start, and why none can be (empty: one can). Where real packets are wanted and cannot be had,
    a user at a terminal (`ask`) is asked whether virtual time will do."""
    if wanted is not Backend.mininet or not (missing := lacking()):
        return wanted, ""
    lack = gettext("No real packets here: {why}.", why=why(missing))
    if ask and _yes(f"{lack}\n{gettext('To get them: {how}', how=how(missing))}\n"):
        return Backend.simulation, ""
    return wanted, refusal(missing, simulated(arguments))


def _yes(told: str) -> bool:
    try:
        asked = gettext("Start it in virtual time? [Y/n]")
        return input(f"{told}{asked} ").strip().lower() in ("", "y", "yes", "j", "ja")
    except EOFError:
        return False
