"""Every kind of record a history may hold, with its fields: the vocabulary that scenarios match against.

Decides which words are legal in `[[expect...]]` tables, so that a misspelt kind or field is an error and not an
expectation that holds for nothing. Leaves writing the records to agents, backends and the runner. The table of
docs/results.md is `table()`, which a test compares.
"""

from __future__ import annotations

import msgspec


class Kind(msgspec.Struct, frozen=True):
    about: str
    fields: tuple[str, ...]
    """Names that may stand in such a record; backends may add others to `fault`, `counters` and `run`."""


KINDS: dict[str, Kind] = {
    # from the cores
    "role": Kind("an agent changes its role", ("from", "to", "because", "master")),
    "path": Kind(
        "one network of a peer falls silent or carries again, while another may carry on",
        ("host", "network", "from", "to", "because"),
    ),
    "mastership": Kind("a reign ends", ("phase", "because")),
    "liveness": Kind(
        "watching over one host's sign of life: watching, unreachable, heard", ("host", "phase", "because")
    ),
    "host-state": Kind("a master, or vCenter, changes its opinion of a host", ("host", "from", "to", "because")),
    "election": Kind("an election: started, offer, won, lost", ("phase", "because", "candidate", "goodness")),
    "isolation": Kind(
        "a host's way into isolation and out of it: probing, declared, cancelled, response, deferred",
        ("phase", "because", "vm", "do"),
    ),
    "vm": Kind("a VM on this host changes state", ("vm", "from", "to", "because", "asked", "order")),
    "restart": Kind(
        "a master restarts a VM: begins, ordered, done, failed, pending, given-up, dropped",
        ("vm", "attempt", "target", "phase", "because"),
    ),
    "lock": Kind(
        "this host's hold on a file's lock changes: held, free, denied, broken, lost",
        ("datastore", "path", "from", "to", "owner", "because", "given_up_ago_ns"),
    ),
    "protect": Kind(
        "a VM's protection changes", ("vm", "vms", "from", "to", "phase", "protected", "because", "datastore")
    ),
    "slot": Kind("this host's slot in a VMFS heartbeat region", ("datastore", "from", "to", "because")),
    "vcenter": Kind("vCenter changes the master it listens to", ("master", "because")),
    "datastore": Kind("this host's access to a datastore changes", ("datastore", "from", "to", "because")),
    "dropped": Kind("a datagram was refused", ("reason", "because", "sender", "network", "count")),
    "config": Kind("an agent took a configuration, or vCenter gave one", ("generation", "because", "phase", "host")),
    "vmcp": Kind("VM component protection acts", ("vm", "datastore", "phase", "because")),
    "vmm": Kind("VM monitoring acts", ("vm", "phase", "because")),
    # from drivers and backends
    "lateness": Kind("how late a process's timers fired, real nanoseconds", ("max_ns", "p99_ns", "count", "process")),
    "disk": Kind(
        "one writer's unbroken stretch in a VM's disk file",
        ("vm", "host", "boot", "life", "first_ns", "last_ns", "count", "torn", "datastore"),
    ),
    "counters": Kind("what switches and packet filters counted for a fault", ("id", "dropped", "forwarded")),
    "machinery": Kind("a part of the harness died", ("what", "because")),
    # from the runner
    "run": Kind("the run begins", ("scenario", "backend", "speed", "seed", "hosts", "vms")),
    "ready": Kind("the cluster works as configured; steps begin", ("because", "master")),
    "fault": Kind(
        "a fault begins or ends; `at_ns` is when it was effective",
        ("fault", "id", "phase", "planned_ns", "asked_ns", "effective_ns", "value", "about"),
    ),
    "end": Kind("the run ends", ("because",)),
}


def table() -> str:
    """The kinds as a Markdown table."""
    lines = ["| Kind | Written when | Fields |", "|---|---|---|"]
    lines += [f"| `{n}` | {k.about} | {', '.join(f'`{field}`' for field in k.fields)} |" for n, k in KINDS.items()]
    return "\n".join(lines)
