"""The file of the runs of other people's systems."""

from __future__ import annotations

from pathlib import Path

from bench.systems.cells import Case
from bench.systems.kept import Elsewhere, Played, add, elsewhere, read, still

CASE = Case("a-one", "a", "now", 20.0)


def test_every_run_stays_until_its_scenario_is_another(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    old = Played("a-one", "root", 0, "before", "holds")
    add(old, {"a": "1"}, [CASE._replace(digest="before")], file)
    late = Played("a-one", "root", 0, "now", "unknown", left_out="late")
    sound = Played("a-one", "root", 1, "now", "holds", late_ms=12.5)
    for one in (sound, late):
        add(one, {"b": "2"}, [CASE], file)
    assert read(file).runs == (late, sound)
    assert read(file).versions == {"a": "1", "b": "2"}


def test_runs_of_another_debian_are_read_beside_what_else_was_checked_there(tmp_path: Path) -> None:
    file = tmp_path / "distro-check.json"
    assert elsewhere(file) == Elsewhere()
    file.write_text('{"suite": "trixie", "as": {"root": {"demo": 0}}}')
    assert elsewhere(file) == Elsewhere()
    run = '{"scenario": "a-one", "who": "user", "number": 0, "digest": "%s", "verdict": "holds"}'
    runs = f"[{run % 'now'}, {run % 'before'}]"
    file.write_text(f'{{"systems": {{"debian": "13.8", "date": "2026-01-03", "runs": {runs}}}}}')
    found = still(elsewhere(file), [CASE])
    assert (found.debian, found.date) == ("13.8", "2026-01-03")
    assert found.runs == (Played("a-one", "user", 0, "now", "holds"),)


def test_what_is_violated_or_left_something_behind_is_wrong() -> None:
    assert Played("a", "root", 0, "1", "violated").wrong
    assert Played("a", "root", 0, "1", "holds", left=("process 7: other",)).wrong
    assert not Played("a", "root", 0, "1", "unknown", left_out="late", changed=("came: /var/x",)).wrong
