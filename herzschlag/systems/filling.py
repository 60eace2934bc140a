"""Placeholders in a system's texts, filled for one host.

    {host}            its name                                {A} {B}   its address on that network
    {index}           1 for the first host, 2 for the second  {priority}  150 for the first, 10 less for each after it
    {address}         the system's virtual address            {NAME}    an option, which may have placeholders itself
    {first_A}         the first host's address on network A   {hosts}     how many hosts there are
    {python}          this Python, which imports herzschlag
    {each:SEP|TEXT}   TEXT for every host, with <host> <A> <B> <index> filled, and SEP (\\n: a new line) between
    {others:SEP|TEXT} the same, without the host itself; a brace in TEXT is written <(> or <)>

Only these, in braces without blanks: the braces of a configuration file stay as they are.
"""

from __future__ import annotations

import math
import re
import sys

from herzschlag.systems.model import System
from herzschlag.topo.spec import TopologySpec
from herzschlag.wrong_input import InputError, nearest

_LOOP = re.compile(r"\{(each|others):([^|{}]*)\|([^{}]*)\}")
_WORD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OPTIONS_DEEP = 3
"""How often the value of an option is filled again."""


def filled(text: str, system: System, lab: TopologySpec, host: str) -> str:
    """Raises InputError for a placeholder that does not exist."""
    words = {
        **{name: str(value) for name, value in system.options.items()},
        **_of_host(lab, host),
        "priority": str(150 - 10 * lab.moids.index(host)),
        "address": system.address,
        "hosts": str(len(lab.moids)),
        **{f"first_{network}": lab.address(lab.moids[0], network) for network in lab.networks},
        "python": sys.executable,
    }

    def word(found: re.Match[str]) -> str:
        if found[1] not in words:
            raise InputError("", f"{found[0]} in a text of {system.name} is nothing: {nearest(found[1], words)}")
        return words[found[1]]

    for _ in range(_OPTIONS_DEEP):
        text = _WORD.sub(word, _LOOP.sub(lambda found: _loop(found, lab, host), text))
    return text


def _of_host(lab: TopologySpec, host: str) -> dict[str, str]:
    addresses = {network: lab.address(host, network) for network in lab.networks}
    return {"host": host, "index": str(lab.moids.index(host) + 1), **addresses}


def _loop(found: re.Match[str], lab: TopologySpec, host: str) -> str:
    which, between, text = found.groups()
    made = []
    for one in lab.moids:
        if which == "each" or one != host:
            own = text
            for name, value in _of_host(lab, one).items():
                own = own.replace(f"<{name}>", value)
            made.append(own)
    return between.join(made).replace("\\n", "\n").replace("<(>", "{").replace("<)>", "}")


def interval_s(system: System) -> float:
    """How often the system's heartbeats come. Raises InputError unless its option is a number above 0."""
    assert system.heartbeats is not None, "its file says what they look like"
    return _number(system.heartbeats.interval_s, system, "heartbeats.interval_s")


def detection_s(system: System) -> tuple[float, float]:
    """How often each end of a link sends, and how long one hears nothing before it calls the link down, seconds. Raises
    InputError unless the options give numbers above 0."""
    assert system.links is not None, "its file says when an end must have noticed"
    interval, lost = (_number(value, system, "links.detection_s") for value in system.links.detection_s)
    return interval, interval * lost


def _number(value: float | str, system: System, key: str) -> float:
    if isinstance(value, str):
        value = _WORD.sub(lambda found: str(system.options.get(found[1], found[0])), value)
    try:
        found = float(value)
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise InputError(key, f"is {value!r}: a number above 0")
    return found
