"""The configuration on a host's local disk: a disk that is full or hostile costs the configuration, never the host."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from herzschlag.agents.processes.store import keep_config, kept_config
from tests.unit.agents.ha.scripted import cluster
from tests.unit.agents.processes.test_regular_files import HOSTILE


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    assert kept_config(tmp_path) is None
    config = cluster()
    assert keep_config(config, tmp_path) is None
    assert kept_config(tmp_path) == config


@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, "full"), (errno.EROFS, "read-only")])
def test_a_disk_that_takes_no_writes_keeps_what_it_held(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = cluster()
    keep_config(config, tmp_path)

    def fail(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", fail)
    assert keep_config(config, tmp_path) == said
    assert kept_config(tmp_path) == config


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_configuration_is_none(what: str, tmp_path: Path) -> None:
    HOSTILE[what](tmp_path / "config")
    assert kept_config(tmp_path) is None


@pytest.mark.parametrize(
    "content", [b"\x93\x01", b"\x81\xa4name\xa2\xff\xff", b"\x91" * 100_000], ids=["torn", "text", "deep"]
)
def test_a_configuration_that_cannot_be_decoded_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(content)
    assert kept_config(tmp_path) is None
