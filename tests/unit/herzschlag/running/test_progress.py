"""The progress of a run in another process: the records that tell it, as they come."""

from __future__ import annotations

from pathlib import Path

from herzschlag.history.records import Record
from herzschlag.running.progress import PROGRESS_FILE, Reader, kinds_told, writer
from herzschlag.scenarios.from_toml import load

ROLE = Record(1, 0, "host-98", "role", {"from": "slave", "to": "election"})
LOCK = Record(2, 1, "host-98", "lock", {"to": "held"})
LIVENESS = Record(3, 2, "host-99", "liveness", {"host": "host-98", "phase": "watching"})


def test_what_is_written_is_read_once_and_only_when_whole(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    reader = Reader(tmp_path)
    assert reader.read() == []
    write = writer(tmp_path, load("slave-failure"))
    for item in (ROLE, LOCK, LIVENESS):
        write(item)
    assert reader.read() == [ROLE, LIVENESS], "locks do not show on a status line"
    with (tmp_path / "log" / PROGRESS_FILE).open("ab") as file:
        file.write(b'{"at_ns": 4, "seq"')
        file.flush()
        assert reader.read() == []
        file.write(b': 3, "node": "n", "kind": "end"}\nnot a record\n')
    assert [item.kind for item in reader.read()] == ["end"]
    reader.remove()
    reader.remove()
    assert not (tmp_path / "log" / PROGRESS_FILE).exists()


def test_a_run_goes_on_without_its_progress(tmp_path: Path) -> None:
    writer(tmp_path / "gone", load("normal"))(ROLE)


def test_kinds_that_instants_wait_for_are_told() -> None:
    assert {"isolation", "liveness", "restart", "host-state"} <= kinds_told(load("isolation"))
    assert "election" in kinds_told(load("normal")), "its instant counts from one"
