"""A hundred thousand mutated datagrams, in one file and one tshark run: neither it nor the agents' decoder breaks."""

from __future__ import annotations

from pathlib import Path

from herzschlag.agents.protocol.codec import WireError
from herzschlag.packets.frames import Assembler
from herzschlag.topo.capture import pcapng
from tests.support import frames, wire_examples
from tests.support.tshark import TROUBLE, fields, needs_tshark

MUTATIONS = 100_000


@needs_tshark
def test_a_hundred_thousand_mutated_datagrams(tmp_path: Path) -> None:
    file = tmp_path / "capture.pcapng"
    accepted: list[bool] = []
    assembler = Assembler()
    with file.open("wb") as out:
        out.write(pcapng.section("herzschlag") + pcapng.interface(pcapng.Interface("host-98 A")))
        for number, data in enumerate(wire_examples.mutated(MUTATIONS, seed=2)):
            frame = frames.datagram("198.18.1.1", "198.18.1.2", data)
            carried = assembler.add(frame)
            assert carried is not None and carried.data == data
            try:
                wire_examples.CODEC.decode(data)
            except WireError:
                accepted.append(False)
            else:
                accepted.append(True)
            out.write(pcapng.packet(10**18 + number, 0, frame, "in"))
    rows = fields(file, *TROUBLE)
    assert len(rows) == MUTATIONS
    broken = [row for row in rows if row[2] or row[3]]
    assert broken == []
    wronged = [number for number, row in enumerate(rows) if accepted[number] and row[0]]
    assert wronged == []
    assert sum(accepted) > 1_000
