"""Picture: the data of the drawn cluster for every instant, for `static/cluster.js`.

This module decides how the conditions in force become states of links, hosts and datastores. It leaves layout, shapes
and colours to the drawing code, which the live page uses as well. Hearts come from the capture; without one they are
drawn where, by the records and the faults in force, heartbeats flow, and the picture says so.
"""

from __future__ import annotations

from typing import Any

from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.faults import primitives as p
from herzschlag.history.words import sentence
from herzschlag.languages.reasons import reason
from herzschlag.report.model import Model
from herzschlag.report.plans import plans
from herzschlag.topo.spec import GATEWAY, VCENTER

BEATS_MAX = 12000
STORY_KINDS = (
    "ready",
    "fault",
    "role",
    "isolation",
    "liveness",
    "host-state",
    "restart",
    "vm",
    "mastership",
    "machinery",
)
STORY_MAX = 600


def picture(model: Model) -> dict[str, Any]:
    """A plain document; all times are protocol seconds after T."""
    return {
        "networks": list(model.lab.networks),
        "hosts": list(model.hosts),
        "datastores": [{"name": d.name, "kind": d.kind, "hosts": d.hosts} for d in model.lab.datastores],
        "plans": plans(model.hosts, model.lab.networks, vms_most(model)),
        "begin": model.begin_s,
        "end": model.end_s,
        "ready": model.seconds(model.ready.at_ns) if model.ready else 0,
        "roles": {
            host: [[model.seconds(s.begin_ns), s.state, s.seq] for s in stretches]
            for host, stretches in model.roles.items()
        },
        "vms": {
            vm: [[model.seconds(s.begin_ns), model.seconds(s.end_ns), s.who, s.state, s.seq] for s in stretches]
            for vm, stretches in model.vms.items()
        },
        "masters": _believed(model),
        "segments": [
            {"begin": model.seconds(s.begin_ns), "end": model.seconds(s.end_ns), **standing(model.truth, s)}
            for s in model.truth.segments
        ],
        "faults": [
            {
                "id": f.id,
                "about": f.about,
                "asked": model.seconds(f.asked_ns),
                "begin": model.seconds(f.begin_ns),
                "end": model.seconds(f.end_ns),
                "healed": f.healed,
                "lasting": f.lasting,
                "seq": f.seq,
            }
            for f in model.faults
        ],
        "story": _story(model),
        "beats": _beats(model),
        "schematic": bool(model.run.traffic.missing),
    }


def vms_most(model: Model) -> int:
    """The most VMs that any host ever ran at once: how much room its box needs."""
    stays = [s for stretches in model.vms.values() for s in stretches]
    return max((sum(o.who == s.who and o.begin_ns <= s.begin_ns < o.end_ns for o in stays) for s in stays), default=0)


def _believed(model: Model) -> dict[str, list[list[Any]]]:
    """Per host, the masters' opinion of it, when it deserves a label."""
    found: dict[str, list[list[Any]]] = {}
    for (observer, host), stretches in model.opinions.items():
        if observer == VCENTER:
            continue
        for s in stretches:
            if s.state not in ("connectedToMaster", "master"):
                found.setdefault(host, []).append(
                    [model.seconds(s.begin_ns), model.seconds(s.end_ns), s.state, observer, s.seq]
                )
    return found


def standing(truth: Truth, segment: Segment) -> dict[str, Any]:
    """What the conditions of a segment make of links, storage, gateway and vCenter."""
    lab = truth.lab
    conditions = segment.conditions
    links: dict[str, str] = {}
    cuts: list[list[int]] = []
    groups: dict[str, int] = {}
    index = {node: number for number, node in enumerate(lab.nodes)}
    powered = [node for node in lab.nodes if truth.powered(node, segment)]
    for net_number, network in enumerate(lab.networks):
        lost = {
            (src, dst)
            for src in powered
            for dst in powered
            if src != dst and not truth.passes(network, src, dst, segment, "8182")
        }
        cuts += [[net_number, index[src], index[dst]] for src, dst in sorted(lost)]
        alone = {node for node in powered if _link_state(node, powered, lost) == "cut"}
        for node in powered:
            # A host that still reaches every host with a working link has one: a cut is drawn at its own end only.
            state = "cut" if node in alone else _link_state(node, [n for n in powered if n not in alone], lost)
            if p.PortDown(network, node) in conditions or p.CarrierDown(network, node) in conditions:
                state = "down"
            if state != "ok":
                links[f"{network}|{node}"] = state
        joined = [
            host for host in lab.moids if links.get(f"{network}|{host}", "ok") in ("ok", "part") and host in powered
        ]
        parts = _parts(joined, lost)
        groups |= {f"{network}|{host}": n for n, part in enumerate(parts, 1) for host in part if len(parts) > 1}
    impaired = sorted({f"{c.network}|{c.src}" for c in conditions if isinstance(c, p.Impaired)})
    return {
        "links": links,
        "cuts": cuts,
        "groups": groups,
        "impaired": impaired,
        "storage": [[c.host, c.datastore, c.access] for c in conditions if isinstance(c, p.StorageLost)],
        "gateway": _gateway(truth, segment),
        "vcenter": "" if truth.powered(VCENTER, segment) and p.VcenterDown() not in conditions else "down",
    }


def _link_state(node: str, among: list[str], lost: set[tuple[str, str]]) -> str:
    """ok; cut: nothing passes; out, in: nothing passes that way; part: some do not."""
    others = [other for other in among if other != node]
    out = [other for other in others if (node, other) in lost]
    into = [other for other in others if (other, node) in lost]
    if not out and not into:
        return "ok"
    if len(out) == len(into) == len(others):
        return "cut"
    if len(out) == len(others):
        return "out"
    return "in" if len(into) == len(others) else "part"


def _parts(hosts: list[str], lost: set[tuple[str, str]]) -> list[list[str]]:
    """Hosts of one network that reach each other both ways, perhaps through others."""
    parts: list[list[str]] = []
    for host in hosts:
        near = [part for part in parts if any((host, o) not in lost and (o, host) not in lost for o in part)]
        parts = [part for part in parts if part not in near]
        parts.append([*(o for part in near for o in part), host])
    return sorted(parts, key=lambda part: min(hosts.index(o) for o in part))


def _gateway(truth: Truth, segment: Segment) -> str:
    if not truth.powered(GATEWAY, segment):
        return "off"
    return "silent" if p.GatewaySilent() in segment.conditions else ""


def _beats(model: Model) -> list[list[Any]]:
    """[sent, arrived or null, network, source, destination]: every lost heartbeat, and as many others as fit."""
    beats = model.run.traffic.of_kind("Heartbeat")
    lost = [d for d in beats if d.arrived_ns is None]
    rest = [d for d in beats if d.arrived_ns is not None]
    step = max(1, -(-len(rest) // max(1, BEATS_MAX - min(len(lost), BEATS_MAX // 2))))
    kept = sorted([*lost[: BEATS_MAX // 2], *rest[::step]], key=lambda d: d.sent_ns)
    return [
        [
            model.seconds(d.sent_ns),
            None if d.arrived_ns is None else model.seconds(d.arrived_ns),
            d.network,
            d.source,
            d.destination,
        ]
        for d in kept
    ]


def _story(model: Model) -> list[list[Any]]:
    """[second, sentence, because, number] of what a viewer of the picture should read."""
    since_ns = model.ready.at_ns if model.ready else 0
    told = [r for r in model.history if r.kind in STORY_KINDS and (r.at_ns >= since_ns or r.kind in ("role", "fault"))]
    step = max(1, -(-len(told) // STORY_MAX))
    kept = [r for index, r in enumerate(told) if index % step == 0 or r.kind in ("fault", "role")]
    return [[model.seconds(r.at_ns), sentence(r), reason(str(r.get("because") or "")), r.seq] for r in kept]
