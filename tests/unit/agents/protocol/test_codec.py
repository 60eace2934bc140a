"""The wire format: whatever was encoded comes back, and whatever else arrives is refused by a typed error."""

from __future__ import annotations

import hmac
import random
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herzschlag.agents.protocol import messages
from herzschlag.agents.protocol.codec import (
    Codec,
    Malformed,
    NotForUs,
    TooLong,
    Unencodable,
    WireError,
    WrongCluster,
    WrongTag,
    WrongVersion,
    padding_for,
)
from herzschlag.agents.protocol.format import (
    BODIES,
    DATAGRAM_MAX,
    HEADER,
    HEADER_BYTES,
    IP_UDP_BYTES,
    KINDS,
    TAG_BYTES,
    wire_table,
)
from herzschlag.agents.protocol.messages import (
    MESSAGE_TYPES,
    Address,
    AnyMessage,
    Configure,
    Heartbeat,
    InventoryAck,
    Join,
    Message,
    Welcome,
)
from herzschlag.agents.settings import ClusterConfig, DatastoreConfig, HostConfig, VmConfig

KEY = bytes(range(32))
CODEC = Codec("cluster-1", KEY)
TO = Address("host-99", "A", 3)
TYPES = list(MESSAGE_TYPES.values())

name = st.from_regex(r"host-[1-9][0-9]{0,6}", fullmatch=True)
text = st.text(max_size=40)
u32 = st.integers(0, 2**32 - 1)
i32 = st.integers(-(2**31), 2**31 - 1)
u64 = st.integers(0, 2**64 - 1)
bits = st.integers(0, 2**128 - 1)
access = st.dictionaries(text, st.sampled_from(("ok", "apd", "pdl")), max_size=4)
texts = st.lists(text, max_size=5).map(tuple)
role = st.sampled_from(("uninitialized", "election", "slave", "master", "isolated"))
vm = st.builds(VmConfig, name=text, datastore=text, memory_mb=st.integers(1, 1 << 20))
evidence = st.lists(
    st.builds(messages.LockEvidence, datastore=text, owner=name, stamp=u64, still_ns=u64), max_size=3
).map(tuple)
config = st.builds(
    ClusterConfig,
    name=text,
    generation=u32,
    hosts=st.lists(st.builds(HostConfig, moid=name, addresses=st.dictionaries(text, text)), max_size=3).map(tuple),
    vcenter_addresses=st.dictionaries(text, text, max_size=2),
    datastores=st.lists(st.builds(DatastoreConfig, name=text, kind=st.sampled_from(("vmfs", "nfs")))).map(tuple),
    vms=st.lists(vm, max_size=3).map(tuple),
)
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "Heartbeat": {
        "role": role,
        "goodness": i32,
        "master": name | st.just(""),
        "heard": bits,
        "config": u32,
        "inventory": u32,
        "reign": u32,
    },
    "Election": {"goodness": i32, "heard": bits, "config": u32},
    "Join": {"inventory": u32, "padding": st.integers(0, 9000)},
    "Welcome": {"answers": u32, "padding": st.integers(0, 9000)},
    "Inventory": {"generation": u32, "vms": texts, "datastores": access, "failed": texts},
    "InventoryAck": {"answers": u32, "generation": u32, "placeable": texts, "taken_over": texts},
    "RestartOrder": {
        "answers": u32,
        "order": u64,
        "vm": vm,
        "attempt": st.integers(0, 255),
        "reign": u32,
        "evidence": evidence,
    },
    "RestartResult": {"order": u64, "vm": text, "ok": st.booleans(), "because": text},
    "Configure": {"answers": u32, "config": config},
    "Report": {"role": role, "master": name, "config": u32, "vms": texts, "datastores": access},
    "ClusterView": {
        "hosts": st.dictionaries(name, st.sampled_from(("master", "hostDown", "fdmUnreachable"))),
        "owned": texts,
        "protected": texts,
        "pending": texts,
    },
    "Protect": {"answers": u32, "vms": st.dictionaries(text, name, max_size=4)},
    "PowerRequest": {"answers": u32, "order": u64, "vm": vm, "config": u32, "on": st.booleans()},
}
any_message = st.one_of(
    *(st.builds(cls, sender=name, boot=u64, sequence=u32, sent_ns=u64, **FIELDS[cls.__name__]) for cls in TYPES)
)


def heartbeat(**changes: Any) -> Heartbeat:
    fields: dict[str, Any] = {"sender": "host-98", "boot": 1, "sequence": 2, "sent_ns": 3}
    fields |= {"role": "master", "goodness": 3, "master": "host-98", "heard": 7, "config": 1, "inventory": 4}
    return Heartbeat(**(fields | changes))


def signed(data: bytes) -> bytes:
    """The datagram with its tag made right again: what only a holder of the key can send."""
    body = data[:-TAG_BYTES]
    return body + hmac.digest(KEY, body, "sha256")[:TAG_BYTES]


def examples() -> list[bytes]:
    """One datagram of each type, the same in every run."""
    host = HostConfig(moid="host-98", addresses={"A": "198.18.1.1", "B": "198.19.1.1"})
    a_vm = VmConfig(name="vm-1", datastore="vmfs-1")
    cluster = ClusterConfig(
        name="c", generation=1, hosts=(host,), vcenter_addresses={"A": "198.18.0.2"}, datastores=(), vms=(a_vm,)
    )
    values: dict[str, Any] = {"config": cluster, "vm": a_vm, "evidence": (), "datastores": {"vmfs-1": "ok"}}
    values |= {"vms": ("vm-1",), "hosts": {"host-98": "master"}, "role": "slave", "padding": 100, "ok": True}
    values |= {"on": True, "because": "why", "owned": ("vmfs-1",), "protected": (), "pending": (), "failed": ()}
    values |= {"placeable": ("vm-1",), "taken_over": ("vm-1",)}
    per_type: dict[str, dict[str, Any]] = {
        "Protect": {"vms": {"vm-1": "host-98"}},
        "RestartResult": {"vm": "vm-1"},
        "Heartbeat": {"config": 3},
        "Election": {"config": 3},
        "Report": {"config": 3},
        "PowerRequest": {"config": 3},
    }
    found = []
    for cls in TYPES:
        known = values | per_type.get(cls.__name__, {})
        fields = {f.name: known.get(f.name, "host-98" if f.kind == "name" else 1) for f in BODIES[cls.__name__]}
        found.append(CODEC.encode(cls(sender="host-98", boot=9, sequence=8, sent_ns=7, **fields), TO))  # type: ignore[arg-type]
    return found


@given(any_message, name, st.sampled_from(["A", "B"]), st.integers(0, 2**64 - 1))
def test_every_message_comes_back_as_it_was_sent(message: AnyMessage, to: str, network: str, to_boot: int) -> None:
    address = Address(to, network, to_boot)
    assert CODEC.decode(CODEC.encode(message, address)) == (address, message)


def test_a_message_to_many_is_as_if_each_had_been_sent_it_alone() -> None:
    addresses = [Address(to, network, 5) for to in ("host-1", "host-2") for network in ("A", "B")]
    sealed = list(CODEC.encode_all(heartbeat(), addresses))
    assert sealed == [CODEC.encode(heartbeat(), address) for address in addresses]
    assert len(set(sealed)) == 4


def test_a_node_reads_what_is_for_it_on_the_network_that_brought_it() -> None:
    data = CODEC.encode(heartbeat(), Address("host-1", "A", 5))
    assert CODEC.read(data, "host-1", "A").message == heartbeat()
    for node, network in (("host-2", "A"), ("host-1", "B")):
        with pytest.raises(NotForUs, match="host-1 on A"):
            CODEC.read(data, node, network)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_by_a_wire_error(data: bytes) -> None:
    with pytest.raises(WireError):
        CODEC.decode(data)


@given(any_message, st.data())
@settings(max_examples=300)
def test_a_key_holder_sending_nonsense_raises_nothing_but_wire_errors(message: AnyMessage, data: st.DataObject) -> None:
    """A broken agent has the right key: its tag is right, its body is not."""
    raw = bytearray(CODEC.encode(message, TO))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        CODEC.decode(signed(bytes(raw)))
    except WireError:
        return


def test_a_hundred_thousand_mutated_datagrams_are_refused() -> None:
    """Half of them keep a right tag, so that they reach the body's parser."""
    draw = random.Random(4711)
    originals = examples()
    refused = 0
    for number in range(100_000):
        raw = bytearray(originals[number % len(originals)])
        for _ in range(draw.randint(1, 4)):
            raw[draw.randrange(len(raw))] = draw.randrange(256)
        if draw.random() < 0.2:
            raw = raw[: draw.randrange(len(raw))]
        elif draw.random() < 0.1:
            raw += draw.randbytes(draw.randrange(1, 40))
        data = signed(bytes(raw)) if number % 2 and len(raw) > TAG_BYTES else bytes(raw)
        try:
            CODEC.decode(data)
        except WireError:
            refused += 1
    assert 50_000 < refused < 100_000  # a right tag over a changed number decodes: no check sum can know better


def test_each_wrongness_has_its_own_error() -> None:
    good = CODEC.encode(heartbeat(), TO)
    for data, error in (
        (b"XX" + good[2:], Malformed),
        (good[:2] + b"\1" + good[3:], WrongVersion),
        (good[:-1] + bytes([good[-1] ^ 1]), WrongTag),
        (good[:60] + bytes([good[60] ^ 1]) + good[61:], WrongTag),
        (signed(good[:3] + b"\xff" + good[4:]), Malformed),
        (signed(good[:5] + b"\1" + good[6:]), Malformed),
        (signed(good[:-TAG_BYTES] + b"\0" + good[-TAG_BYTES:]), Malformed),
        (good[: HEADER_BYTES + TAG_BYTES - 1], Malformed),
        (good + bytes(DATAGRAM_MAX), TooLong),
        (Codec("cluster-2", KEY).encode(heartbeat(), TO), WrongCluster),
        (Codec("cluster-1", bytes(32)).encode(heartbeat(), TO), WrongTag),
    ):
        with pytest.raises(WireError) as raised:
            CODEC.decode(data)
        assert type(raised.value) is error
    reasons = {error.reason for error in (Malformed, TooLong, WrongVersion, WrongCluster, WrongTag)}
    assert len(reasons) == 5


def test_packed_json_of_a_key_holder_is_malformed_when_it_is_deep_long_or_cut() -> None:
    """A small datagram can neither exhaust the stack nor the memory of an agent."""
    good = CODEC.encode(Configure(sender="vcenter", boot=1, sequence=1, sent_ns=1, answers=1, config=_config(1)), TO)
    whole = zlib.compress(msgspec.json.encode(_config(1)))
    for packed in (
        zlib.compress(b'{"name":' + b"[" * 500_000),
        zlib.compress(b" " * 2_000_000),
        whole[:-1],
        whole + b"x",
    ):
        body = bytes(4) + len(packed).to_bytes(2, "big") + packed
        header = good[:6] + len(body).to_bytes(2, "big") + good[8:HEADER_BYTES]
        with pytest.raises(Malformed):
            CODEC.decode(signed(header + body + bytes(TAG_BYTES)))


def test_what_does_not_fit_is_our_own_fault() -> None:
    for message in (
        heartbeat(sender="host-12345678901234567"),
        heartbeat(sender="hôst"),
        heartbeat(heard=1 << 128),
        heartbeat(heard=-1),
        heartbeat(boot=1 << 64),
        heartbeat(config="one"),
        heartbeat(role="king"),
        InventoryAck(sender="host-1", boot=1, sequence=1 << 32, sent_ns=1, answers=1, generation=1),
        Configure(sender="vcenter", boot=1, sequence=1, sent_ns=1, answers=1, config=_config(20_000)),
    ):
        with pytest.raises(Unencodable, match=type(message).__name__):
            CODEC.encode(message, TO)


def test_a_cluster_of_96_hosts_with_200_vms_fits_into_one_configure() -> None:
    config = _config(96)
    order = Configure(sender="vcenter", boot=1, sequence=1, sent_ns=1, answers=1, config=config)
    assert len(CODEC.encode(order, TO)) < DATAGRAM_MAX


def _config(hosts: int) -> ClusterConfig:
    return ClusterConfig(
        name="cluster-1",
        generation=1,
        hosts=tuple(
            HostConfig(
                moid=f"host-{1000 + i}",
                addresses={"A": "198.18.100.100", "B": "198.19.100.100"},
                datastores=("vmfs-1", "vmfs-2", "nfs-1"),
                heartbeat_datastores=("vmfs-1", "vmfs-2"),
            )
            for i in range(hosts)
        ),
        vcenter_addresses={"A": "198.18.0.2", "B": "198.19.0.2"},
        datastores=(DatastoreConfig(name="vmfs-1", kind="vmfs"),),
        vms=tuple(VmConfig(name=f"vm-{i}", datastore="vmfs-1") for i in range(2 * hosts)),
    )


@pytest.mark.parametrize("mtu", [576, 1500, 9000])
def test_joins_and_welcomes_fill_the_mtu_exactly(mtu: int) -> None:
    """Smaller messages would not show that a path carries small packets only."""
    head = {"sender": "host-98", "boot": 1, "sequence": 1, "sent_ns": 1}
    join = Join(**head, inventory=1, padding=padding_for(mtu, Join))  # type: ignore[arg-type]
    welcome = Welcome(**head, answers=1, padding=padding_for(mtu, Welcome))  # type: ignore[arg-type]
    assert len(CODEC.encode(join, TO)) + IP_UDP_BYTES == mtu
    assert len(CODEC.encode(welcome, TO)) + IP_UDP_BYTES == mtu


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Codec("cluster-1", b"short")


def test_the_tables_describe_every_field_of_every_message() -> None:
    """The documentation and the dissector read these tables."""
    assert set(BODIES) == {cls.__name__ for cls in TYPES}
    assert set(Message.__struct_fields__) <= {field.name for field in HEADER}
    table = wire_table()
    for cls in TYPES:
        assert f": {cls.__name__}\n" in table
        assert all(f"`{field.name}`" in table and field.kind in KINDS for field in BODIES[cls.__name__])
    assert "| 32 | 8 | `boot` | u64 |" in table
