"""The layout of every datagram, as tables.

HEADER and BODIES are the only description of the format: the encoder and decoder of `codec.py`, the tables of
docs/protocol.md and the Wireshark dissector all come from them. What the messages mean is said in `messages.py`.

    | header, 92 bytes, fixed | body, by message type | tag, 16 bytes |

All numbers are big-endian.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from herzschlag.agents.protocol.messages import MESSAGE_TYPES
from herzschlag.agents.states import Role

MAGIC = b"HZ"
VERSION = 2
NAME_BYTES = 16
"""MOIDs have at most 12 characters (`host-` and seven digits), `vcenter` has 7."""
TAG_BYTES = 16
DATAGRAM_MAX = 60_000
"""Bytes. Below UDP's 65,507, with room for headers; above the MTU the kernel fragments (control messages only)."""
JSON_MAX = 1_000_000
"""Bytes of a document before compression: 1,000 hosts with 2,000 VMs. It limits what a small datagram can unpack to."""
KEY_BYTES_MIN = 16
ROLES: tuple[Role, ...] = ("uninitialized", "election", "slave", "master", "isolated")
"""Role by its number on the wire. Numbers are never reused."""
HEADER_BYTES = 92
IP_UDP_BYTES = 28
"""IPv4 header without options, and UDP header: the part of an MTU that is not the datagram."""


class Kind(NamedTuple):
    """How a kind of field is encoded. `code` is its struct code, empty where the length varies."""

    code: str
    size: int | None
    meaning: str
    to_wire: Callable[[Any], Any] | None = None
    from_wire: Callable[[Any], Any] | None = None


class Field(NamedTuple):
    name: str
    kind: str
    meaning: str


def name_to_wire(name: str) -> bytes:
    raw = name.encode("ascii")
    if len(raw) > NAME_BYTES or b"\0" in raw:
        raise ValueError(f"{name!r} is longer than {NAME_BYTES} characters or has a zero byte")
    return raw


@lru_cache(maxsize=1024)
def name_from_wire(raw: bytes) -> str:
    name = raw.rstrip(b"\0").decode("ascii")
    if "\0" in name:
        raise ValueError("a name has a zero byte inside")
    return name


def _bits_to_wire(bits: int) -> bytes:
    return bits.to_bytes(16, "big")


def _bits_from_wire(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _role_from_wire(number: int) -> Role:
    return ROLES[number]


def _flag_from_wire(number: int) -> bool:
    if number > 1:
        raise ValueError(f"{number} is not a truth value: a flag is 0 or 1")
    return number == 1


KINDS: dict[str, Kind] = {
    "u8": Kind("B", 1, "unsigned"),
    "u16": Kind("H", 2, "unsigned"),
    "u32": Kind("I", 4, "unsigned"),
    "u64": Kind("Q", 8, "unsigned"),
    "i32": Kind("i", 4, "signed"),
    "u128": Kind("16s", 16, "unsigned, used as a set of bits", _bits_to_wire, _bits_from_wire),
    "flag": Kind("B", 1, "0 or 1", int, _flag_from_wire),
    "role": Kind("B", 1, ", ".join(f"{i} {role}" for i, role in enumerate(ROLES)), ROLES.index, _role_from_wire),
    "name": Kind(f"{NAME_BYTES}s", NAME_BYTES, "ASCII, filled up with zeros", name_to_wire, name_from_wire),
    "magic": Kind("2s", 2, "the two letters HZ"),
    "hash": Kind("8s", 8, "first 8 bytes of SHA-256"),
    "text": Kind("", None, "u16 number of bytes, then UTF-8"),
    "texts": Kind("", None, "u16 number of texts, then each as `text`"),
    "json": Kind("", None, "u16 number of bytes, then one JSON document"),
    "zjson": Kind("", None, "as `json`, the document compressed by zlib (RFC 1950)"),
    "padding": Kind("", None, "u16 number of bytes, then that many zeros"),
}

HEADER: tuple[Field, ...] = (
    Field("magic", "magic", "tells our datagrams from others'"),
    Field("version", "u8", f"of this format: {VERSION}"),
    Field("type", "u8", "which body follows"),
    Field("flags", "u16", "none so far: 0"),
    Field("body", "u16", "bytes of the body"),
    Field("cluster", "hash", "of the cluster's name"),
    Field("sender", "name", "MOID, or `vcenter`"),
    Field("boot", "u64", "life of the sending agent"),
    Field("sequence", "u32", "number of the message in that life, the same on both networks"),
    Field("sent_ns", "u64", "sender's monotonic clock, nanoseconds"),
    Field("to", "name", "whom it is for: MOID, or `vcenter`"),
    Field("to_boot", "u64", "the recipient's life that the sender knows of; 0 when it has not heard it yet"),
    Field("network", "name", "the network over which it is sent"),
)

_ANSWERS = Field("answers", "u32", "newest `sequence` of the recipient that the sender had heard")
BODIES: dict[str, tuple[Field, ...]] = {
    "Heartbeat": (
        Field("role", "role", "role of the sender, as it believes"),
        Field("goodness", "i32", "as in Election"),
        Field("master", "name", "whom the sender follows; its own MOID for a master; empty for none"),
        Field("heard", "u128", "bit i: the sender heard host i of the host list within three and a half intervals"),
        Field("config", "u32", "generation of the sender's configuration"),
        Field("inventory", "u32", "generation of the sender's list of running VMs"),
        Field("reign", "u32", "a master's: which of its reigns in this life, from 1; else 0"),
    ),
    "Election": (
        Field("goodness", "i32", "datastores the candidate reaches, plus fdm.nodeGoodness"),
        Field("heard", "u128", "as in Heartbeat"),
        Field("config", "u32", "as in Heartbeat"),
    ),
    "Join": (
        Field("inventory", "u32", "as in Heartbeat"),
        Field("padding", "padding", "fills the datagram up to the MTU"),
    ),
    "Welcome": (
        _ANSWERS,
        Field("padding", "padding", "fills the datagram up to the MTU"),
    ),
    "Inventory": (
        Field("generation", "u32", "grows with every change"),
        Field("vms", "texts", "running VMs"),
        Field("datastores", "json", "datastore to access: ok, apd or pdl"),
        Field("failed", "texts", "VMs that ended without being asked to"),
    ),
    "InventoryAck": (
        _ANSWERS,
        Field("generation", "u32", "which one"),
        Field("placeable", "texts", "its VMs that another host could run now"),
        Field("taken_over", "texts", "of `failed`, those that the master answers for"),
    ),
    "RestartOrder": (
        Field("order", "u64", "number of the order, unique in one life of its sender; makes the order idempotent"),
        _ANSWERS,
        Field("reign", "u32", "as in Heartbeat"),
        Field("attempt", "u8", "1 is the first"),
        Field("vm", "json", "the VM's settings"),
        Field("evidence", "json", "how long lock owners' heartbeats stood still"),
    ),
    "RestartResult": (
        Field("order", "u64", "of the RestartOrder"),
        Field("ok", "flag", "whether the VM runs"),
        Field("vm", "text", "its name"),
        Field("because", "text", "why"),
    ),
    "Configure": (_ANSWERS, Field("config", "zjson", "the whole cluster configuration")),
    "Report": (
        Field("role", "role", "as in Heartbeat"),
        Field("master", "name", "as in Heartbeat"),
        Field("config", "u32", "as in Heartbeat"),
        Field("vms", "texts", "running VMs"),
        Field("datastores", "json", "datastore to access: ok, apd or pdl"),
    ),
    "ClusterView": (
        Field("hosts", "json", "host to state, as the master sees it"),
        Field("owned", "texts", "datastores whose protectedlist the master holds"),
        Field("protected", "texts", "VMs written there"),
        Field("pending", "texts", "VMs that wait for a place"),
    ),
    "Protect": (
        _ANSWERS,
        Field("vms", "json", "VM to last host: exactly these are protected"),
    ),
    "PowerRequest": (
        Field("order", "u64", "as in RestartOrder"),
        _ANSWERS,
        Field("config", "u32", "generation of vCenter's configuration"),
        Field("on", "flag", "power on, or off"),
        Field("vm", "json", "the VM's settings"),
    ),
}
"""Message name to its body's fields, in wire order."""


def _rows(fields: tuple[Field, ...], at: int) -> list[str]:
    rows = []
    where: int | None = at
    for field in fields:
        size = KINDS[field.kind].size
        offset = "…" if where is None else where
        rows.append(f"| {offset} | {size or '…'} | `{field.name}` | {field.kind} | {field.meaning} |")
        where = where + size if where is not None and size is not None else None
    return rows


def wire_table() -> str:
    """The format as Markdown tables, for docs/protocol.md."""
    head = ["| Offset | Bytes | Field | Kind | Meaning |", "|---|---|---|---|---|"]
    lines = ["### Header", "", *head, *_rows(HEADER, 0), ""]
    for number, message_type in MESSAGE_TYPES.items():
        name = message_type.__name__
        lines += [f"### {number}: {name}", "", *head, *_rows(BODIES[name], HEADER_BYTES), ""]
    lines += [
        "### Tag",
        "",
        f"The last {TAG_BYTES} bytes: HMAC-SHA-256 over header and body, cut to its first {TAG_BYTES} bytes.",
        "",
        "### Kinds",
        "",
        "| Kind | Bytes | On the wire |",
        "|---|---|---|",
        *(f"| {name} | {kind.size or '…'} | {kind.meaning} |" for name, kind in KINDS.items()),
        "",
    ]
    return "\n".join(lines)
