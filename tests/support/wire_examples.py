"""One datagram of every type, as a cluster of some size sends them, and their mutations."""

from __future__ import annotations

import hmac
import random
from collections.abc import Iterator
from typing import Any

from herzschlag.agents.protocol import messages as m
from herzschlag.agents.protocol.codec import Codec
from herzschlag.agents.protocol.format import MAGIC, TAG_BYTES
from herzschlag.agents.settings import ClusterConfig, DatastoreConfig, HostConfig, VmConfig

CLUSTER = "lab"
KEY = bytes(range(32))
CODEC = Codec(CLUSTER, KEY)
VM = VmConfig(name="vm-98-1", datastore="vmfs-1")
TO = m.Address("host-99", "A", 11)
HEAD: dict[str, Any] = {"sender": "host-98", "boot": 7, "sequence": 8, "sent_ns": 9_000_000_000}


def configuration(hosts: int = 3) -> ClusterConfig:
    return ClusterConfig(
        name=CLUSTER,
        generation=3,
        hosts=tuple(
            HostConfig(moid=f"host-{98 + i}", addresses={"A": f"198.18.1.{1 + i}", "B": f"198.19.1.{1 + i}"})
            for i in range(hosts)
        ),
        vcenter_addresses={"A": "198.18.0.2"},
        datastores=(DatastoreConfig(name="vmfs-1", kind="vmfs"),),
        vms=(VM,),
    )


def every_message(hosts: int = 3) -> tuple[m.AnyMessage, ...]:
    """All fourteen messages, with a value in every field."""
    evidence = (m.LockEvidence(datastore="vmfs-1", owner="host-99", stamp=5, still_ns=6),)
    return (
        m.Heartbeat(**HEAD, role="slave", master="host-99", goodness=-3, heard=0b101, config=3, inventory=4, reign=2),
        m.Election(**HEAD, goodness=3, heard=1 << 127, config=3),
        m.Join(**HEAD, inventory=4, padding=100),
        m.Welcome(**HEAD, answers=21, padding=0),
        m.Inventory(**HEAD, generation=4, vms=("vm-98-1", "vm-98-2"), datastores={"vmfs-1": "apd"}, failed=()),
        m.InventoryAck(**HEAD, answers=21, generation=4, placeable=("vm-98-1",), taken_over=("vm-98-2",)),
        m.RestartOrder(**HEAD, answers=21, order=12, vm=VM, attempt=2, reign=2, evidence=evidence),
        m.RestartResult(**HEAD, order=12, vm="vm-98-1", ok=False, because="gesperrt: Schloß hält"),
        m.Configure(**HEAD, answers=21, config=configuration(hosts)),
        m.Report(**HEAD, role="isolated", master="", config=3, vms=("vm-98-1",), datastores={"vmfs-1": "ok"}),
        m.ClusterView(
            **HEAD,
            hosts={f"host-{98 + i}": "connectedToMaster" for i in range(hosts)},
            owned=("vmfs-1",),
            protected=("vm-98-1",),
            pending=(),
        ),
        m.Protect(**HEAD, answers=21, vms={"vm-98-1": "host-98"}),
        m.PowerRequest(**HEAD, answers=21, order=14, on=True, vm=VM, config=3),
    )


def datagrams() -> list[bytes]:
    return [CODEC.encode(message, TO) for message in every_message()]


def signed(data: bytes) -> bytes:
    """The datagram with a valid tag, so that a mutation gets past the check of the tag."""
    body = data[:-TAG_BYTES]
    return body + hmac.digest(KEY, body, "sha256")[:TAG_BYTES]


def mutated(count: int, seed: int) -> Iterator[bytes]:
    """Datagrams cut short, with flipped bits, wrong bytes, insertions, or random altogether; half of them signed."""
    draw = random.Random(seed)
    examples = datagrams()
    for _ in range(count):
        data = bytearray(draw.choice(examples))
        match draw.randrange(5):
            case 0:
                data = data[: draw.randrange(len(data))]
            case 1:
                data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            case 2:
                for _ in range(draw.randrange(1, 8)):
                    data[draw.randrange(len(data))] = draw.randrange(256)
            case 3:
                at = draw.randrange(len(data))
                data[at:at] = draw.randbytes(draw.randrange(1, 20))
            case _:
                data = bytearray(MAGIC + draw.randbytes(draw.randrange(200)))
        yield signed(bytes(data)) if draw.random() < 0.5 and len(data) > TAG_BYTES else bytes(data)
