"""Records in words: a sentence for people, and the fields by name for matching.

This module decides how a record reads. It leaves which records are shown to the callers: the terminal, the report, the
live page, the prompt, and the comments of a capture.
"""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.history.fault_words import clause as fault_clause
from herzschlag.history.records import SECOND, Record
from herzschlag.languages import N_, gettext
from herzschlag.languages.numbers import point
from herzschlag.languages.reasons import reason

SENTENCE_MAX = 200
NAMES = (
    *(N_("silent"), N_("up"), N_("started"), N_("won"), N_("lost"), N_("held"), N_("watching"), N_("broken")),
    *(N_("free"), N_("denied"), N_("down"), N_("deferred"), N_("response"), N_("master"), N_("slave"), N_("election")),
    *(N_("isolated"), N_("uninitialized"), N_("abdicated"), N_("begins"), N_("ordered"), N_("done"), N_("given-up")),
    *(N_("left"), N_("lost"), N_("pending"), N_("failed"), N_("power-off"), N_("shut-down"), N_("defer")),
)
"""Names in records that sentences have in the reader's language; others stay as they are."""
STATES = {
    "hostDown": N_("failed"),
    "networkIsolated": N_("isolated"),
    "networkPartitionedFromMaster": N_("partitioned"),
    "fdmUnreachable": N_("up without its agent"),
    "connectedToMaster": N_("connected"),
    "election": N_("in election"),
    "uninitialized": N_("not in the cluster"),
}
"""States of hosts, as people say them."""
_VM = {
    "on": N_("{vm} runs on {host}"),
    "off": N_("{vm} is off on {host}"),
    "starting": N_("{vm} starts on {host}"),
    "stopping": N_("{vm} stops on {host}"),
}
_LIVENESS = {
    "watching": N_("{observer} watches for signs of life of {host}"),
    "unreachable": N_("{observer} cannot reach {host}"),
    "heard": N_("{observer} hears again {host}"),
}
_GUEST = {
    "heard": N_("{host}: guest of {vm} heard"),
    "silent": N_("{host}: guest of {vm} silent"),
    "disk-refuses": N_("{host}: guest of {vm} disk-refuses"),
    "disk-works": N_("{host}: guest of {vm} disk-works"),
}
_AGENT = {"up": N_("{host}: its agent is up"), "down": N_("{host}: its agent is down")}
_PHASES = {"begin": N_("fault begins: {fault}"), "end": N_("fault ends: {fault}")}


def sentence(record: Record) -> str:  # noqa: PLR0912 (one case a kind of record)
    """One record as a sentence without its subject's full stop, for people."""
    f = record.fields
    match record.kind:
        case "fault":
            said = _PHASES.get(str(f.get("phase")), N_("fault {phase}s: {fault}"))
            return gettext(said, phase=f.get("phase", ""), fault=fault(record))
        case "ready":
            return gettext("the cluster is ready, {host} leads", host=f.get("master", ""))
        case "role":
            return _role(record.node, str(f.get("from")), str(f.get("to")))
        case "host-state":
            return opinion(record.node, str(f.get("host")), str(f.get("to")))
        case "liveness":
            said = _LIVENESS.get(str(f.get("phase")), N_("{observer} {phase} {host}"))
            return gettext(said, observer=record.node, phase=f.get("phase"), host=f.get("host"))
        case "path":
            said = N_("{observer}: {host} on network {network} is {state}")
            return gettext(said, observer=record.node, host=f.get("host"), network=f.get("network"), state=_to(record))
        case "isolation":
            return _isolation(record)
        case "election":
            return gettext("{host}: election {phase}", host=record.node, phase=gettext(str(f.get("phase"))))
        case "restart":
            return _restart(record)
        case "vm":
            said = _VM.get(str(f.get("to")), N_("{vm} {state} on {host}"))
            return gettext(said, vm=f.get("vm"), state=f.get("to"), host=record.node)
        case "lock":
            path = str(f.get("path", "")).rsplit("/", 1)[-1]
            said = N_("{host}: lock of {file} on {datastore} {state}")
            return gettext(said, host=record.node, file=path, datastore=f.get("datastore"), state=_to(record))
        case "mastership":
            return gettext("{host}: its reign ends ({phase})", host=record.node, phase=gettext(str(f.get("phase"))))
        case "guest":
            said = _GUEST.get(str(f.get("to")), N_("{host}: guest of {vm} {state}"))
            return gettext(said, host=record.node, vm=f.get("vm"), state=f.get("to"))
        case "agent":
            said = _AGENT.get(str(f.get("to")), N_("{host}: its agent is {state}"))
            return gettext(said, host=record.node, state=f.get("to"))
        case "user":
            wish = N_("a user wants {vm} on{refused}") if f.get("on") else N_("a user wants {vm} off{refused}")
            refused = gettext(", which is refused") if f.get("refused") else ""
            return gettext(wish, vm=f.get("vm"), refused=refused)
        case "vmcp":
            said = N_("{host}: component protection of {what}: {phase}")
            return gettext(said, host=record.node, what=f.get("vm") or f.get("datastore"), phase=f.get("phase"))
        case "last-heartbeat":
            said = N_("the last heartbeat of {sender} to {receiver} before fault {id} came by network {network}")
            return gettext(said, **_fields(record, "sender", "receiver", "id", "network"))
        case "reports":
            silent = f.get("to") == "silent"
            said = (
                N_("{observer} no longer hears {host} itself") if silent else N_("{observer} hears again {host} itself")
            )
            return gettext(said, observer=record.node, host=f.get("host"))
        case "sent":
            said = N_("packets {packet} of {sender} to {receiver} by network {network}: {count}")
            return gettext(said, **_fields(record, "packet", "sender", "receiver", "network", "count"))
        case "holds":
            held = f.get("to") == "held"
            said = N_("{host} has the address {address}") if held else N_("{host} no longer has the address {address}")
            return gettext(said, host=record.node, address=f.get("address"))
        case "program":
            said = N_("{name} starts on {host}") if f.get("to") == "started" else N_("{name} ends on {host}")
            return gettext(said, name=f.get("name"), host=record.node)
        case "term":
            return gettext("{host} leads term {term}", host=record.node, term=f.get("term"))
        case "link":
            up = f.get("to") == "up"
            said = (
                N_("{host} calls the link to {peer} on network {network} up")
                if up
                else N_("{host} calls the link to {peer} on network {network} down")
            )
            return gettext(said, host=record.node, peer=f.get("peer"), network=f.get("network"))
        case "machinery":
            return gettext("a part of the harness died: {what}", what=f.get("what"))
        case _:
            shown = named(record, (name for name in f if name != "because"))
            return f"{record.node}: {record.kind} {shown}"[:SENTENCE_MAX]


def _to(record: Record) -> str:
    """The new state of such a record."""
    return gettext(str(record.get("to")))


def _fields(record: Record, *names: str) -> dict[str, object]:
    return {name: record.get(name) for name in names}


def fault(record: Record) -> str:
    """The fault of such a record as a state: `host-98 has no power`."""
    f = record.fields
    return fault_clause(f.get("value"), str(f.get("about") or f.get("fault") or f.get("id")))


def opinion(observer: str, host: str, state: str) -> str:
    """`vCenter shows host-98 as failed`, `host-99 sees host-98 as isolated`."""
    said = (
        N_("{observer} shows {host} as {state}") if observer == "vcenter" else N_("{observer} sees {host} as {state}")
    )
    return gettext(said, observer=node(observer), host=host, state=gettext(STATES.get(state, state)))


def node(name: str) -> str:
    """A node as people call it."""
    return "vCenter" if name == "vcenter" else name


def _role(host: str, before: str, to: str) -> str:
    match before, to:
        case _, "master":
            return gettext("{host} is the master now", host=host)
        case _, "slave":
            return gettext("{host} is a slave now", host=host)
        case _, "election":
            return gettext("{host} starts an election", host=host)
        case _, "isolated":
            return gettext("{host} is isolated", host=host)
        case _:
            return gettext("{host}: {before} to {after}", host=host, before=gettext(before), after=gettext(to))


def _isolation(record: Record) -> str:
    f = record.fields
    phase, host = str(f.get("phase")), record.node
    if phase == "response" and f.get("vm"):
        return gettext(
            "{host} acts on its isolation: {what} of {vm}", host=host, what=gettext(str(f.get("do"))), vm=f.get("vm")
        )
    said = {
        "probing": N_("{host} pings its isolation address"),
        "declared": N_("{host} calls itself isolated"),
        "cancelled": N_("{host} is not isolated after all"),
    }.get(phase)
    if said:
        return gettext(said, host=host)
    what = gettext(" for {vm}: {what}", vm=f.get("vm"), what=gettext(str(f.get("do")))) if f.get("vm") else ""
    return gettext("{host}: isolation {phase}{what}", host=host, phase=gettext(phase), what=what)


def _restart(record: Record) -> str:
    f = record.fields
    phase = str(f.get("phase"))
    said = {
        "begins": N_("{host} begins to restart {vm}"),
        "ordered": N_("{host} orders the restart of {vm}{where}"),
        "done": N_("{host} has restarted {vm}{where}"),
        "failed": N_("{host} could not restart {vm}{where}"),
        "given-up": N_("{host} gives up on restarting {vm}"),
    }.get(phase, N_("{host}: restart of {vm}{where} {phase}"))
    where = gettext(" on {host}", host=f.get("target")) if f.get("target") else ""
    return gettext(said, host=record.node, vm=f.get("vm"), where=where, phase=gettext(phase))


def named(record: Record, names: Iterable[str]) -> str:
    """These fields as `name=value`, but for those that are empty, absent, or not a word."""
    fields = ((name, record.get(name)) for name in names)
    return " ".join(f"{name}={value}" for name, value in fields if value not in ("", None) and not _compound(value))


def clause(record: Record) -> str:
    """The reason after a dash; empty without one."""
    because = record.get("because")
    return f" — {reason(str(because))}" if because else ""


def line(record: Record) -> str:
    """One record as a line: clock, sentence, reason."""
    return f"{point(f'{record.at_s:9.2f}')} s  {sentence(record)}{clause(record)}"


def exact_line(record: Record, zero_ns: int) -> str:
    """One record as a line whose words can be matched: clock since `zero_ns`, node, kind, fields by name, reason."""
    names = (
        ("phase", "id", "about") if record.kind == "fault" else [name for name in record.fields if name != "because"]
    )
    at_s = (record.at_ns - zero_ns) / SECOND
    return f"{at_s:9.3f} s  {record.node:<10} {record.kind:<10} {named(record, names)}{clause(record)}"


def _compound(value: object) -> bool:
    return isinstance(value, dict | list)
