"""What a framework imports and we never use stays out, and nothing else."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from herzschlag.controller.lean import UNSPOKEN, leave_out

NAME = "imagined_framework"
PARSER = f"from {NAME}.lib.packet import ether_types, packet\nspoken = [packet.Packet, ether_types.IP]\n"
ALL = "\n".join(f"from {NAME}.ofproto import ofproto_v{version}_parser" for version in (*UNSPOKEN, "1_4"))


@pytest.fixture
def framework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A framework that fails when anything is imported that takes long."""
    files = {
        "__init__.py": "",
        "lib/__init__.py": "",
        "lib/packet/__init__.py": "raise AssertionError('every protocol')",
        "lib/packet/packet.py": "raise AssertionError('every protocol')",
        "lib/packet/ether_types.py": "IP = 0x0800",
        "ofproto/__init__.py": ALL,
        "ofproto/ofproto_v1_4_parser.py": PARSER,
        **{f"ofproto/ofproto_v{version}_parser.py": f"raise AssertionError('{version}')" for version in UNSPOKEN},
    }
    for name, text in files.items():
        path = tmp_path / NAME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        monkeypatch.delitem(sys.modules, name)
    return NAME


def test_the_parser_that_is_spoken_is_imported_and_nothing_that_takes_long(framework: str) -> None:
    leave_out(framework)
    openflow = importlib.import_module(f"{framework}.ofproto")
    packet, ip = openflow.ofproto_v1_4_parser.spoken
    assert not isinstance(b"bytes of a packet", packet)
    assert ip == 0x0800
    assert vars(openflow.ofproto_v1_3_parser).keys() <= {"__name__", "__doc__", "__package__", "__loader__", "__spec__"}


def test_nothing_is_left_out_of_what_has_been_imported(framework: str) -> None:
    with pytest.raises(AssertionError, match=UNSPOKEN[0]):
        importlib.import_module(f"{framework}.ofproto")
    whole = sys.modules[f"{framework}.ofproto"] = importlib.import_module(framework)
    leave_out(framework)
    assert sys.modules[f"{framework}.ofproto"] is whole
    assert f"{framework}.ofproto.ofproto_v1_0_parser" not in sys.modules
