"""Faults in words: `host-98 is cut off from everyone on network A`, from a fault as it is in a scenario file.

This module decides how each shipped kind of fault reads, as a state that begins and ends. A kind of another package, or
a record without the fault's value, reads as `Fault.describe` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec


class Described(Protocol):
    """A fault, which knows its own short form."""

    def describe(self) -> str: ...


Value = Mapping[str, Any]
ALL = "all"
_ACCESS = {
    "apd": "no answer from {}",
    "pdl": "{} lost",
    "read-only": "{} read-only",
    "full": "no room on {}",
    "slow": "{} slow",
    "stale": "{} stale",
}
_MANNERS = {
    "port-down": ", port down",
    "host-carrier": ", its carrier gone",
    "address": ", its addresses gone",
    "nftables": ", by a filter",
}


def clause(value: Any, about: str = "") -> str:
    """A state in words; `about` where there are none for this kind."""
    kind = value.get("fault") if isinstance(value, Mapping) else None
    say = _CLAUSES.get(str(kind))
    if say is None:
        return about or str(kind or "")
    try:
        return say(value)
    except (KeyError, TypeError, ValueError):  # a record of another version
        return about or str(kind)


def in_words(fault: Described) -> str:
    """A fault that is in force, as its record reads."""
    return clause(msgspec.to_builtins(fault), fault.describe())


def names(value: Any, everyone: str = "every host") -> str:
    """`host-98`, `host-98 and host-99`, `every host`."""
    if value == ALL or value is None:
        return everyone
    listed = [value] if isinstance(value, str) else [str(one) for one in value]
    if ALL in listed:
        return everyone
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def _is(value: Any) -> str:
    many = value == ALL or (not isinstance(value, str) and (len(value) > 1 or ALL in value))
    return "are" if many and value != ALL and ALL not in value else "is"


def _has(value: Any) -> str:
    return "have" if _is(value) == "are" else "has"


def _network(value: Any) -> str:
    """` on network A`; nothing for all of them."""
    if value in (None, ALL) or ALL in value:
        return ""
    return f" on network {names(value)}"


def _where(v: Value) -> str:
    return _network(v.get("networks")) + _MANNERS.get(str(v.get("manner")), "")


def _isolate(v: Value) -> str:
    keep = f" but {names(v['keep'])}" if v.get("keep") else ""
    return f"{names(v['host'])} {_is(v['host'])} cut off from everyone{keep}{_where(v)}"


def _groups(v: Value) -> str:
    return " | ".join(names(group) for group in v["groups"])


def _storage(v: Value) -> str:
    slow = f" ({v['delay_ms']:g} ms an operation)" if v.get("delay_ms") else ""
    return f"{names(v['host'])}: {_ACCESS[v['access']].format(names(v.get('datastore'), 'every datastore'))}{slow}"


def _impair(v: Value) -> str:
    shares = [
        f"{100 * v[key]:g} % {word}"
        for key, word in (
            ("loss", "lost"),
            ("duplicate", "doubled"),
            ("reorder", "out of order"),
            ("corrupt", "damaged"),
        )
        if v.get(key)
    ]
    shares += [f"{v[key]:g} {unit}" for key, unit in (("delay_ms", "ms late"), ("rate_kbit_s", "kbit/s")) if v.get(key)]
    if v.get("to"):
        shares.append(f"changing over {v.get('over_s', 0):g} s")
    if v.get("flap_period_s"):
        shares.append(f"flapping every {v['flap_period_s']:g} s")
    way, and_ = ("between", "and") if v.get("both_ways") else ("from", "to")
    ends = f"{way} {names(v.get('src'), 'everyone')} {and_} {names(v.get('dst'), 'everyone')}"
    return f"bad lines {ends}{_network(v.get('networks'))}" + (f": {', '.join(shares)}" if shares else "")


def _vm_power(v: Value) -> str:
    where = f" on {v['host']}" if v.get("host") else ""
    return f"a user wants {v['vm']} {'on' if v['on'] else 'off'}{where}"


def _agent(v: Value) -> str:
    for_good = "" if v.get("watchdog", True) else " for good"
    return f"the agent of {names(v['host'])} is killed{for_good}"


def _options(v: Value) -> str:
    return "vCenter sets " + ", ".join(f"{name} = {value}" for name, value in v["options"].items())


_CLAUSES: dict[str, Callable[[Value], str]] = {
    "isolate": _isolate,
    "split": lambda v: f"the hosts are split: {_groups(v)}{_where(v)}",
    "bridge": lambda v: f"only {names(v['over'])} reaches both sides: {_groups(v)}{_where(v)}",
    "cut-pair": lambda v: f"no packet passes between {names(v['a'])} and {names(v['b'])}{_where(v)}",
    "one-way": lambda v: (
        f"no packet passes from {names(v['src'], 'everyone')} to {names(v['dst'], 'everyone')}{_where(v)}"
    ),
    "cut": lambda v: (
        "no packet passes "
        + ", ".join(f"from {src} to {dst} on network {net}" for net, src, dst in v["links"][:4])
        + (f" and on {len(v['links']) - 4} more ways" if len(v["links"]) > 4 else "")
    ),
    "network-down": lambda v: f"nothing passes on network {names(v['networks'], 'A and B')}",
    "switch-reboot": lambda v: f"the switch of network {names(v['networks'], 'A and B')} boots again",
    "impair": _impair,
    "block": lambda v: f"{names(v['host'])}: {v['what']} is blocked",
    "mtu": lambda v: f"{names(v['host'])}: packets above {v['mtu']} bytes are dropped{_network(v.get('networks'))}",
    "wrong-address": lambda v: f"{names(v['host'])} {_has(v['host'])} a wrong address{_network(v.get('networks'))}",
    "missing-route": lambda v: f"{names(v['host'])} {_has(v['host'])} no route{_network(v.get('networks'))}",
    "power-off": lambda v: f"{names(v['host'])} {_has(v['host'])} no power",
    "freeze": lambda v: f"{names(v['host'])} {_is(v['host'])} frozen",
    "crash-agent": _agent,
    "crash-vcenter": lambda v: "vCenter is down",
    "gateway-down": lambda v: "the gateway has no power",
    "gateway-silent": lambda v: "the gateway answers no ping",
    "storage": _storage,
    "clock-offset": lambda v: f"the clock of {names(v['host'])} is {v['offset_s']:+g} s wrong",
    "maintenance": lambda v: f"{names(v['host'])} {_is(v['host'])} in maintenance mode",
    "reconfigure": _options,
    "vm-crash": lambda v: f"{v['vm']} crashes",
    "vm-hang": lambda v: f"{v['vm']} hangs",
    "vm-power": _vm_power,
}
