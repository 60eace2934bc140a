"""Records in words: a sentence for people, and the fields by name for matching.

This module decides how a record reads. It leaves which records are shown to the callers: the terminal, the report, the
live page, the prompt, and the comments of a capture.
"""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.history.fault_words import clause as fault_clause
from herzschlag.history.records import SECOND, Record

SENTENCE_MAX = 200
STATES = {
    "hostDown": "failed",
    "networkIsolated": "isolated",
    "networkPartitionedFromMaster": "partitioned",
    "fdmUnreachable": "up without its agent",
    "connectedToMaster": "connected",
    "election": "in election",
    "uninitialized": "not in the cluster",
}
"""States of hosts, as people say them."""
_VM = {"on": "runs", "off": "is off", "starting": "starts", "stopping": "stops"}
_LIVENESS = {"watching": "watches for signs of life of", "unreachable": "cannot reach", "heard": "hears again"}


def sentence(record: Record) -> str:  # noqa: PLR0912 (one case a kind of record)
    """One record as a sentence without its subject's full stop, for people."""
    f = record.fields
    match record.kind:
        case "fault":
            return f"fault {f.get('phase', '')}s: {fault(record)}"
        case "ready":
            return f"the cluster is ready, {f.get('master', '')} leads"
        case "role":
            return _role(record.node, str(f.get("from")), str(f.get("to")))
        case "host-state":
            return opinion(record.node, str(f.get("host")), str(f.get("to")))
        case "liveness":
            return f"{record.node} {_LIVENESS.get(str(f.get('phase')), str(f.get('phase')))} {f.get('host')}"
        case "path":
            return f"{record.node}: {f.get('host')} on network {f.get('network')} is {f.get('to')}"
        case "isolation":
            return _isolation(record)
        case "election":
            return f"{record.node}: election {f.get('phase')}"
        case "restart":
            return _restart(record)
        case "vm":
            return f"{f.get('vm')} {_VM.get(str(f.get('to')), f.get('to'))} on {record.node}"
        case "lock":
            path = str(f.get("path", "")).rsplit("/", 1)[-1]
            return f"{record.node}: lock of {path} on {f.get('datastore')} {f.get('to')}"
        case "mastership":
            return f"{record.node}: its reign ends ({f.get('phase')})"
        case "guest":
            return f"{record.node}: guest of {f.get('vm')} {f.get('to')}"
        case "agent":
            return f"{record.node}: its agent is {f.get('to')}"
        case "user":
            refused = ", which is refused" if f.get("refused") else ""
            return f"a user wants {f.get('vm')} {'on' if f.get('on') else 'off'}{refused}"
        case "vmcp":
            return f"{record.node}: component protection of {f.get('vm') or f.get('datastore')}: {f.get('phase')}"
        case "last-heartbeat":
            who = f"{f.get('sender')} to {f.get('receiver')}"
            return f"the last heartbeat of {who} before fault {f.get('id')} came by network {f.get('network')}"
        case "reports":
            heard = "no longer hears" if f.get("to") == "silent" else "hears again"
            return f"{record.node} {heard} {f.get('host')} itself"
        case "sent":
            ways = f"{f.get('sender')} to {f.get('receiver')} by network {f.get('network')}"
            return f"packets {f.get('packet')} of {ways}: {f.get('count')}"
        case "holds":
            return f"{record.node} {'has' if f.get('to') == 'held' else 'no longer has'} the address {f.get('address')}"
        case "program":
            return f"{f.get('name')} {'starts' if f.get('to') == 'started' else 'ends'} on {record.node}"
        case "term":
            return f"{record.node} leads term {f.get('term')}"
        case "machinery":
            return f"a part of the harness died: {f.get('what')}"
        case _:
            shown = named(record, (name for name in f if name != "because"))
            return f"{record.node}: {record.kind} {shown}"[:SENTENCE_MAX]


def fault(record: Record) -> str:
    """The fault of such a record as a state: `host-98 has no power`."""
    f = record.fields
    return fault_clause(f.get("value"), str(f.get("about") or f.get("fault") or f.get("id")))


def opinion(observer: str, host: str, state: str) -> str:
    """`vCenter shows host-98 as failed`, `host-99 sees host-98 as isolated`."""
    verb = "shows" if observer == "vcenter" else "sees"
    return f"{node(observer)} {verb} {host} as {STATES.get(state, state)}"


def node(name: str) -> str:
    """A node as people call it."""
    return "vCenter" if name == "vcenter" else name


def _role(host: str, before: str, to: str) -> str:
    match before, to:
        case _, "master":
            return f"{host} is the master now"
        case _, "slave":
            return f"{host} is a slave now"
        case _, "election":
            return f"{host} starts an election"
        case _, "isolated":
            return f"{host} is isolated"
        case _:
            return f"{host}: {before} to {to}"


def _isolation(record: Record) -> str:
    f = record.fields
    phase, host = str(f.get("phase")), record.node
    if phase == "response" and f.get("vm"):
        return f"{host} acts on its isolation: {f.get('do')} of {f.get('vm')}"
    said = {
        "probing": "pings its isolation address",
        "declared": "calls itself isolated",
        "cancelled": "is not isolated after all",
    }.get(phase)
    what = f" for {f.get('vm')}: {f.get('do')}" if f.get("vm") else ""
    return f"{host} {said}" if said else f"{host}: isolation {phase}{what}"


def _restart(record: Record) -> str:
    f = record.fields
    host, vm, target = record.node, f.get("vm"), f.get("target")
    where = f" on {target}" if target else ""
    match f.get("phase"):
        case "begins":
            return f"{host} begins to restart {vm}"
        case "ordered":
            return f"{host} orders the restart of {vm}{where}"
        case "done":
            return f"{host} has restarted {vm}{where}"
        case "failed":
            return f"{host} could not restart {vm}{where}"
        case "given-up":
            return f"{host} gives up on restarting {vm}"
        case phase:
            return f"{host}: restart of {vm}{where} {phase}"


def named(record: Record, names: Iterable[str]) -> str:
    """These fields as `name=value`, but for those that are empty, absent, or not a word."""
    fields = ((name, record.get(name)) for name in names)
    return " ".join(f"{name}={value}" for name, value in fields if value not in ("", None) and not _compound(value))


def clause(record: Record) -> str:
    """The reason after a dash; empty without one."""
    because = record.get("because")
    return f" — {because}" if because else ""


def line(record: Record) -> str:
    """One record as a line: clock, sentence, reason."""
    return f"{record.at_s:9.2f} s  {sentence(record)}{clause(record)}"


def exact_line(record: Record, zero_ns: int) -> str:
    """One record as a line whose words can be matched: clock since `zero_ns`, node, kind, fields by name, reason."""
    names = (
        ("phase", "id", "about") if record.kind == "fault" else [name for name in record.fields if name != "because"]
    )
    at_s = (record.at_ns - zero_ns) / SECOND
    return f"{at_s:9.3f} s  {record.node:<10} {record.kind:<10} {named(record, names)}{clause(record)}"


def _compound(value: object) -> bool:
    return isinstance(value, dict | list)
