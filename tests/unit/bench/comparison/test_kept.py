"""The file of the runs that were played."""

from pathlib import Path

from bench.comparison.kept import Cell, Played, add, missing, read, wanted
from bench.comparison.seen import Seen


def test_a_run_that_proves_nothing_is_played_again_and_takes_its_place(tmp_path: Path) -> None:
    file, cell = tmp_path / "kept.json", Cell("etcd", "split", 0)
    assert wanted(2)[0][2] == 0 and {one.number for one in wanted(2)} == {0, 1}
    add(Played(*cell, Seen(), "late"), {"etcd-server": "3"}, file)
    assert cell in missing([cell], file)
    add(Played(*cell, Seen(replaced_s=1.2)), {}, file)
    assert missing([cell, Cell("etcd", "split", 1)], file) == [Cell("etcd", "split", 1)]
    kept = read(file)
    assert kept.runs == (Played(*cell, Seen(replaced_s=1.2)),)
    assert kept.versions == {"etcd-server": "3"}
