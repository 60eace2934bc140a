"""Faults in words: `host-98 is cut off from everyone on network A`, from a fault as it is in a scenario file.

This module decides how each shipped kind of fault reads, as a state that begins and ends. A kind of another package, or
a record without the fault's value, reads as `Fault.describe` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from herzschlag.languages import N_, N_pair, gettext, ngettext, number


class Described(Protocol):
    """A fault, which knows its own short form."""

    def describe(self) -> str: ...


Value = Mapping[str, Any]
ALL = "all"
EVERYONE = N_("everyone")
_ACCESS = {
    "apd": N_("{host}: no answer from {datastore}{slow}"),
    "pdl": N_("{host}: {datastore} lost{slow}"),
    "read-only": N_("{host}: {datastore} read-only{slow}"),
    "full": N_("{host}: no room on {datastore}{slow}"),
    "slow": N_("{host}: {datastore} slow{slow}"),
    "stale": N_("{host}: {datastore} stale{slow}"),
}
_MANNERS = {
    "port-down": N_(", port down"),
    "host-carrier": N_(", its carrier gone"),
    "address": N_(", its addresses gone"),
    "nftables": N_(", by a filter"),
}
_SHARES = {
    "loss": N_("{share} % lost"),
    "duplicate": N_("{share} % doubled"),
    "reorder": N_("{share} % out of order"),
    "corrupt": N_("{share} % damaged"),
}
_MEASURES = {"delay_ms": N_("{number} ms late"), "rate_kbit_s": N_("{number} kbit/s")}


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


def names(value: Any, everyone: str = N_("every host")) -> str:
    """`host-98`, `host-98 and host-99`, `every host`."""
    if value == ALL or value is None:
        return gettext(everyone)
    listed = [value] if isinstance(value, str) else [str(one) for one in value]
    if ALL in listed:
        return gettext(everyone)
    if len(listed) == 1:
        return listed[0]
    return gettext("{names} and {last}", names=", ".join(listed[:-1]), last=listed[-1])


def _number(value: Any) -> int:
    """For the verb: `every host` is one."""
    return 1 if value == ALL or isinstance(value, str) or ALL in value else len(value)


def _where(v: Value) -> dict[str, str]:
    """` on network A`, nothing for all of them; and in which manner."""
    manner = _MANNERS.get(str(v.get("manner")))
    return {"network": _network(v.get("networks")), "manner": gettext(manner) if manner else ""}


def _network(value: Any) -> str:
    if value in (None, ALL) or ALL in value:
        return ""
    return gettext(" on network {networks}", networks=names(value))


def _isolate(v: Value) -> str:
    forms = N_pair(
        "{names} is cut off from everyone{but}{network}{manner}",
        "{names} are cut off from everyone{but}{network}{manner}",
    )
    but = gettext(" but {names}", names=names(v["keep"])) if v.get("keep") else ""
    return ngettext(*forms, _number(v["host"]), names=names(v["host"]), but=but, **_where(v))


def _groups(v: Value) -> str:
    return " | ".join(names(group) for group in v["groups"])


def _storage(v: Value) -> str:
    slow = gettext(" ({number} ms an operation)", number=number(v["delay_ms"])) if v.get("delay_ms") else ""
    datastore = names(v.get("datastore"), N_("every datastore"))
    return gettext(_ACCESS[v["access"]], host=names(v["host"]), datastore=datastore, slow=slow)


def _impair(v: Value) -> str:
    shares = [gettext(say, share=number(100 * v[key])) for key, say in _SHARES.items() if v.get(key)]
    shares += [gettext(say, number=number(v[key])) for key, say in _MEASURES.items() if v.get(key)]
    if v.get("to"):
        shares.append(gettext("changing over {seconds} s", seconds=number(v.get("over_s", 0))))
    if v.get("flap_period_s"):
        shares.append(gettext("flapping every {seconds} s", seconds=number(v["flap_period_s"])))
    both = N_("bad lines between {source} and {destination}{network}{shares}")
    one = N_("bad lines from {source} to {destination}{network}{shares}")
    return gettext(
        both if v.get("both_ways") else one,
        source=names(v.get("src"), EVERYONE),
        destination=names(v.get("dst"), EVERYONE),
        network=_network(v.get("networks")),
        shares=f": {', '.join(shares)}" if shares else "",
    )


def _cut(v: Value) -> str:
    said = N_("from {source} to {destination} on network {network}")
    ways = [gettext(said, source=src, destination=dst, network=net) for net, src, dst in v["links"][:4]]
    more = len(v["links"]) - 4
    rest = gettext(" and on {number} more ways", number=more) if more > 0 else ""
    return gettext("no packet passes {ways}", ways=", ".join(ways) + rest)


def _vm_power(v: Value) -> str:
    where = gettext(" on {host}", host=v["host"]) if v.get("host") else ""
    say = N_("a user wants {vm} on{where}") if v["on"] else N_("a user wants {vm} off{where}")
    return gettext(say, vm=v["vm"], where=where)


def _agent(v: Value) -> str:
    watched = v.get("watchdog", True)
    say = N_("the agent of {names} is killed") if watched else N_("the agent of {names} is killed for good")
    return gettext(say, names=names(v["host"]))


def _options(v: Value) -> str:
    options = ", ".join(f"{name} = {value}" for name, value in v["options"].items())
    return gettext("vCenter sets {options}", options=options)


def _of_hosts(forms: tuple[str, str]) -> Callable[[Value], str]:
    """What hosts are or have."""
    return lambda v: ngettext(*forms, _number(v["host"]), names=names(v["host"]), network=_network(v.get("networks")))


def _of_networks(say: str) -> Callable[[Value], str]:
    return lambda v: gettext(say, networks=names(v["networks"], N_("A and B")))


_CLAUSES: dict[str, Callable[[Value], str]] = {
    "isolate": _isolate,
    "split": lambda v: gettext("the hosts are split: {groups}{network}{manner}", groups=_groups(v), **_where(v)),
    "bridge": lambda v: gettext(
        "only {names} reaches both sides: {groups}{network}{manner}",
        names=names(v["over"]),
        groups=_groups(v),
        **_where(v),
    ),
    "cut-pair": lambda v: gettext(
        "no packet passes between {a} and {b}{network}{manner}", a=names(v["a"]), b=names(v["b"]), **_where(v)
    ),
    "one-way": lambda v: gettext(
        "no packet passes from {source} to {destination}{network}{manner}",
        source=names(v["src"], EVERYONE),
        destination=names(v["dst"], EVERYONE),
        **_where(v),
    ),
    "cut": _cut,
    "network-down": _of_networks(N_("nothing passes on network {networks}")),
    "switch-reboot": _of_networks(N_("the switch of network {networks} boots again")),
    "impair": _impair,
    "block": lambda v: gettext("{names}: {what} is blocked", names=names(v["host"]), what=v["what"]),
    "mtu": lambda v: gettext(
        "{names}: packets above {bytes} bytes are dropped{network}",
        names=names(v["host"]),
        bytes=v["mtu"],
        network=_network(v.get("networks")),
    ),
    "wrong-address": _of_hosts(N_pair("{names} has a wrong address{network}", "{names} have a wrong address{network}")),
    "missing-route": _of_hosts(N_pair("{names} has no route{network}", "{names} have no route{network}")),
    "power-off": _of_hosts(N_pair("{names} has no power", "{names} have no power")),
    "freeze": _of_hosts(N_pair("{names} is frozen", "{names} are frozen")),
    "crash-agent": _agent,
    "crash-vcenter": lambda v: gettext("vCenter is down"),
    "gateway-down": lambda v: gettext("the gateway has no power"),
    "gateway-silent": lambda v: gettext("the gateway answers no ping"),
    "storage": _storage,
    "clock-offset": lambda v: gettext(
        "the clock of {names} is {offset} s wrong", names=names(v["host"]), offset=number(v["offset_s"], "+g")
    ),
    "maintenance": _of_hosts(N_pair("{names} is in maintenance mode", "{names} are in maintenance mode")),
    "reconfigure": _options,
    "vm-crash": lambda v: gettext("{vm} crashes", vm=v["vm"]),
    "vm-hang": lambda v: gettext("{vm} hangs", vm=v["vm"]),
    "vm-power": _vm_power,
}
