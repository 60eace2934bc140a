"""Records and messages as sentences of a transcript: what a node said, what it concluded.

This module decides which of them a reader of the protocol needs, and how each reads. Heartbeats are counted by
`transcripts.py`; what a host reports about itself to vCenter adds nothing to its opinions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from herzschlag.agents.protocol import messages as m

PROTECTED_LIST = "protectedlist"
VM_LOCK = ".vmx"


def of_message(message: m.AnyMessage, before: m.ClusterView | None = None) -> str:
    """The message as a sentence; empty for one without news. `before`: the sender's last view of the cluster, of
    which only the differences are told."""
    match message:
        case m.Election():
            return f"I offer myself as master: I reach {message.goodness} datastores"
        case m.Join():
            return "take me in"
        case m.Welcome():
            return "welcome"
        case m.Inventory():
            return _inventory(message)
        case m.InventoryAck():
            return f"I have your inventory {message.generation}"
        case m.RestartOrder():
            seen = "".join(
                f"; {e.owner} did not beat on {e.datastore} for {e.still_ns / 1e9:.0f} s" for e in message.evidence
            )
            return f"start {message.vm.name}, attempt {message.attempt}{seen}"
        case m.RestartResult():
            return f"{message.vm} {'is on' if message.ok else 'did not start'}: {message.because}"
        case m.Configure():
            return _configuration(message)
        case m.ClusterView():
            return _view(message, before)
        case m.Protect():
            return f"protect {_list(message.vms)}"
        case m.PowerRequest():
            return f"power {message.vm.name} {'on' if message.on else 'off'}"
        case _:
            return ""


def _list(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"


def _inventory(message: m.Inventory) -> str:
    lost = [f"{name} {access}" for name, access in message.datastores.items() if access != "ok"]
    parts = [f"inventory {message.generation}: {_list(message.vms)}"]
    if message.failed:
        parts.append(f"ended without being asked: {_list(message.failed)}")
    if lost:
        parts.append(f"datastores: {', '.join(lost)}")
    return "; ".join(parts)


def _configuration(message: m.Configure) -> str:
    config = message.config
    datastores = sorted({name for host in config.hosts for name in host.heartbeat_datastores})
    return (
        f"configuration {config.generation}: {', '.join(host.moid for host in config.hosts)}; "
        f"heartbeat datastores {', '.join(datastores) or 'none'}; isolation response {config.isolation_response}"
    )


def _view(message: m.ClusterView, before: m.ClusterView | None) -> str:
    known = before or m.ClusterView(sender="", boot=0, sequence=0, sent_ns=0, hosts={}, owned=(), protected=())
    parts = [f"{host} is {state}" for host, state in message.hosts.items() if known.hosts.get(host) != state]
    for verb, now, was in (
        ("I own", message.owned, known.owned),
        ("I protect", message.protected, known.protected),
        ("waiting for a place:", message.pending, known.pending),
    ):
        if set(now) != set(was):
            parts.append(f"{verb} {_list(now)}")
    return "; ".join(parts)


def of_record(kind: str, fields: Mapping[str, Any]) -> str:
    """The conclusion of the node, with its reason; empty for one without news."""
    words = _WORDS.get(kind)
    said = words(fields) if words else ""
    because = fields.get("because")
    return f"{said} ({because})" if said and because else said


_ROLES = {"election": "in an election", "master": "a master", "slave": "a slave"}
_LOCKS = {
    "held": "I take",
    "watching": "I watch the owner of",
    "broken": "I break",
    "denied": "I do not get",
    "lost": "I have lost",
    "free": "I give up",
}


def _role(f: Mapping[str, Any]) -> str:
    under = f" of {f['master']}" if f["to"] == "slave" else ""
    return f"I am {_ROLES.get(f['to'], f['to'])}{under}, I was {_ROLES.get(f['from'], f['from'])}"


def _lock(f: Mapping[str, Any]) -> str:
    path = str(f["path"])
    does = _LOCKS.get(f["to"], f["to"])
    if path.endswith(VM_LOCK):
        return f"{does} the lock of {path.split('/', maxsplit=1)[0]}"
    if path.endswith(PROTECTED_LIST):
        return f"{does} the lock of the protected list on {f['datastore']}"
    return ""


def _vm(f: Mapping[str, Any]) -> str:
    return f"{f['vm']} is {f['to']}, it was {f['from']}"


def _access(f: Mapping[str, Any]) -> str:
    return "" if f["from"] == "none" else f"{f['datastore']} is {f['to']}, it was {f['from']}"


def _slot(f: Mapping[str, Any]) -> str:
    booting = str(f["because"]).endswith(" claimed")
    return "" if booting else f"my heartbeat slot on {f['datastore']} is {f['to']}, it was {f['from']}"


def _phase(about: str, *names: str) -> Callable[[Mapping[str, Any]], str]:
    def words(f: Mapping[str, Any]) -> str:
        told = [str(f[name]) for name in names if f.get(name)]
        return f"{about}{' '.join(['', *told])}: {f['phase']}"

    return words


def _isolation(f: Mapping[str, Any]) -> str:
    what = f" for {f['vm']}: {f['do']}" if f.get("vm") else ""
    return f"isolation: {f['phase']}{what}"


def _protect(f: Mapping[str, Any]) -> str:
    if f.get("phase") == "confirmed":
        return f"{f['vm']} is protected"
    return f"{f['vm']} is on the protected list" if f.get("vm") else ""


def _restart(f: Mapping[str, Any]) -> str:
    where = f" on {f['target']}" if f.get("target") else ""
    attempt = f", attempt {f['attempt']}" if f["attempt"] else ""
    return f"restart of {f['vm']}{attempt}: {f['phase']}{where}"


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "role": _role,
    "path": lambda f: f"network {f['network']} from {f['host']} is {f['to']}, it was {f['from']}",
    "mastership": lambda f: "my reign ends",
    "liveness": lambda f: f"{f['host']} is {f['phase'].replace('watching', 'watched on its datastores')}",
    "host-state": lambda f: f"{f['host']} is {f['to']}, it was {f['from']}",
    "election": lambda f: "I lose the election" if f["phase"] == "lost" else "",
    "isolation": _isolation,
    "vm": _vm,
    "restart": _restart,
    "lock": _lock,
    "protect": _protect,
    "slot": _slot,
    "vcenter": lambda f: f"I listen to {f['master'] or 'no master'}",
    "datastore": _access,
    "vmcp": _phase("VM component protection", "vm", "datastore"),
}
