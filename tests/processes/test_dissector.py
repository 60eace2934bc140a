"""The dissector: tshark reads every field of every datagram with it, and no bytes whatever break it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from herzschlag.agents.protocol.codec import Codec, WireError
from herzschlag.agents.protocol.format import BODIES, HEADER
from herzschlag.agents.protocol.messages import MESSAGE_TYPES
from herzschlag.packets.dissector import install, label
from herzschlag.topo.capture import pcapng
from tests.support import frames, wire_examples
from tests.support.tshark import TROUBLE, fields, needs_tshark, tshark

MUTATIONS = 3_000
pytestmark = needs_tshark


def capture_of(path: Path, datagrams: list[bytes]) -> Path:
    packets = [
        pcapng.Packet(10**18 + i * 10**6, 0, frames.datagram("198.18.1.1", "198.18.1.2", data), "in")
        for i, data in enumerate(datagrams)
    ]
    file = path / "capture.pcapng"
    with file.open("wb") as out:
        pcapng.write(out, pcapng.Capture((pcapng.Interface("host-98 A"),), tuple(packets)))
    return file


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One datagram of every type."""
    return capture_of(tmp_path_factory.mktemp("every"), wire_examples.datagrams())


def test_every_field_of_every_message_is_shown(capture: Path) -> None:
    names = [f"herzschlag.{field.name}" for field in HEADER]
    for message in MESSAGE_TYPES.values():
        name = message.__name__
        names += [f"herzschlag.{label(name)}.{field.name}" for field in BODIES[name]]
    rows = fields(capture, *names)
    assert len(rows) == len(MESSAGE_TYPES)
    for number, row in zip(MESSAGE_TYPES, rows, strict=True):
        shown = dict(zip(names, row, strict=True))
        name = MESSAGE_TYPES[number].__name__
        empty = {"master", "because", "vms", "failed", "pending"}  # may be empty in the examples
        for field in BODIES[name]:
            value = shown.pop(f"herzschlag.{label(name)}.{field.name}")
            assert value or field.name in empty, f"{name}.{field.name} is not shown"
        assert shown["herzschlag.type"] == str(number)
        head = {word: shown.pop(f"herzschlag.{word}") for word in ("sender", "boot", "sequence", "sent_ns")}
        assert head == {word: str(value) for word, value in wire_examples.HEAD.items()}
        others = {key: value for key, value in shown.items() if key.count(".") == 2 and value}
        assert others == {}, f"fields of other messages are shown for {name}"


def test_values_are_those_that_were_encoded(capture: Path) -> None:
    asked = {
        "heartbeat": {"role": "2", "master": "host-99", "goodness": "-3", "heard.bit": "0,2", "inventory": "4"},
        "election": {"heard.bit": "127"},
        "join": {"padding": "100"},
        "inventory": {"vms": "vm-98-1,vm-98-2", "datastores": '{"vmfs-1":"apd"}'},
        "restart_order": {"attempt": "2", "order": "12"},
        "restart_result": {"ok": "0", "because": "gesperrt: Schloß hält"},
        "protect": {"vms": '{"vm-98-1":"host-98"}'},
    }
    for message, expected in asked.items():
        names = [f"herzschlag.{message}.{field}" for field in expected]
        assert fields(capture, *names, filtered=f"herzschlag.type == {message}") == [list(expected.values())]


def test_compressed_documents_are_unpacked_and_searchable(capture: Path) -> None:
    rows = fields(capture, "herzschlag.type", filtered='json.value.string == "198.19.1.3"')
    assert rows == [["10"]]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("herzschlag.type == election", 1),
        ('herzschlag.type == "restart_order"', 1),
        ("herzschlag.heartbeat.role == slave", 1),
        ("herzschlag.report.role == isolated", 1),
        ("herzschlag", 13),
    ],
)
def test_filters_speak_of_names(capture: Path, wanted: str, count: int) -> None:
    assert len(fields(capture, "frame.number", filtered=wanted)) == count


def test_nothing_sound_is_called_malformed(capture: Path) -> None:
    assert fields(capture, *TROUBLE) == [[""] * len(TROUBLE)] * len(MESSAGE_TYPES)


def test_tags_are_verified_with_the_runs_key(tmp_path: Path) -> None:
    right, *_ = wire_examples.datagrams()
    long_key = bytes(100)
    other = Codec(wire_examples.CLUSTER, long_key).encode(wire_examples.every_message()[0], wire_examples.TO)
    file = capture_of(tmp_path, [right, right[:-1] + b"x", other, *wire_examples.datagrams()])

    def statuses(key: str) -> list[str]:
        return [status for (status,) in fields(file, "herzschlag.tag.status", key=key)]

    unchecked, good, bad, no_key = "0", "1", "2", "3"
    count = 3 + len(MESSAGE_TYPES)
    assert statuses("") == [unchecked] * count
    assert statuses(wire_examples.KEY.hex()) == [good, bad, bad, *[good] * len(MESSAGE_TYPES)]
    assert statuses(long_key.hex())[:3] == [bad, bad, good]
    assert statuses("no key") == [no_key] * count
    key = wire_examples.KEY.hex()
    assert len(tshark(file, "-Y", "herzschlag.tag.status == bad", key=key).splitlines()) == 2


def test_whatever_the_agents_accept_is_in_order_and_nothing_breaks_the_script(tmp_path: Path) -> None:
    datagrams = list(wire_examples.mutated(MUTATIONS, seed=1))
    rows = fields(capture_of(tmp_path, datagrams), *TROUBLE)
    assert len(rows) == MUTATIONS
    accepted = 0
    for data, (malformed, _, lua_error, bug) in zip(datagrams, rows, strict=True):
        assert not lua_error and not bug, data.hex()
        try:
            wire_examples.CODEC.decode(data)
        except WireError:
            continue
        accepted += 1
        assert not malformed, data.hex()
    assert accepted > 50  # some mutations change values only
    assert sum(bool(row[0]) for row in rows) > MUTATIONS // 2


def test_datagrams_quoted_in_icmp_errors_are_neither_judged_nor_counted_as_ours(tmp_path: Path) -> None:
    inner = frames.datagram("198.18.1.2", "198.18.1.1", wire_examples.datagrams()[0])[14:]
    error = frames.ethernet("198.18.1.1", "198.18.1.2", 1, b"\x03\x03\0\0\0\0\0\0" + inner[:90])
    file = tmp_path / "capture.pcapng"
    with file.open("wb") as out:
        pcapng.write(out, pcapng.Capture((pcapng.Interface("x"),), (pcapng.Packet(1, 0, error),)))
    assert fields(file, *TROUBLE) == [[""] * len(TROUBLE)]
    assert "Destination unreachable" in tshark(file)


def test_fragments_are_put_together(tmp_path: Path) -> None:
    """vCenter's configuration of many hosts is longer than a frame."""
    message = wire_examples.every_message(hosts=300)[8]
    data = wire_examples.CODEC.encode(message, wire_examples.TO)
    pieces = frames.fragments("198.18.0.2", "198.18.1.1", data, ident=5)
    assert len(pieces) > 1
    file = tmp_path / "capture.pcapng"
    with file.open("wb") as out:
        packets = tuple(pcapng.Packet(i, 0, piece) for i, piece in enumerate(pieces))
        pcapng.write(out, pcapng.Capture((pcapng.Interface("x"),), packets))
    assert fields(file, "herzschlag.type", *TROUBLE, filtered="herzschlag") == [["10", "", "", "", ""]]


def test_the_command_prints_it_and_installs_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "herzschlag", "dissector"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    where = install(tmp_path / "plugins")
    assert where.read_text(encoding="utf-8") == printed
    assert where.name == "herzschlag.lua"
