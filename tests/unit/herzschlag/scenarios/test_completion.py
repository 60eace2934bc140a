"""What Tab offers where a scenario is wanted."""

from pathlib import Path

import pytest

from herzschlag.scenarios.completion import files, scenarios, shipped_scenarios
from herzschlag.scenarios.from_toml import shipped


def test_every_shipped_scenario_is_offered() -> None:
    assert shipped_scenarios("") == sorted(shipped())
    assert shipped_scenarios("iso") == ["isolation"]


def test_files_are_offered_with_the_folders_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("isolate-mine.toml", "notes.txt", ".hidden.toml", "cases/deep/x.toml", "cases/y.toml"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert scenarios("iso") == ["isolation", "isolate-mine.toml"]
    assert files("") == ["isolate-mine.toml"]
    assert files("cases/") == ["cases/deep/", "cases/y.toml"]
    assert files(f"{tmp_path}/cases/y") == [f"{tmp_path}/cases/y.toml"]
    assert files("/nowhere/at/all") == []
