"""What `make distro-check` plays, keeps and leaves alone; the check itself needs another Debian."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[4] / "setup/distro/check.py"
RUN = {"scenario": "a-one", "who": "root", "number": 0, "digest": "1", "verdict": "holds"}
OTHERS = {"systems": {"debian": "13.8", "runs": [RUN, {**RUN, "number": 1}]}}
OURS = {"suite": "trixie", "as": {"root": {"demo": 0}}}


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("distro_check", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_kind_of_check_leaves_what_the_other_found(check: ModuleType) -> None:
    assert check.joined(OURS, OTHERS) == check.joined(OTHERS, OURS) == {**OURS, **OTHERS}
    assert check.joined({}, OURS) == OURS and check.joined({}, OTHERS) == OTHERS
    newer = {"systems": {"debian": "13.9", "runs": []}}
    assert check.joined({**OURS, **OTHERS}, newer) == {**OURS, **newer}


def test_a_run_of_another_system_is_a_line(check: ModuleType) -> None:
    text = check.written({**OURS, **OTHERS})
    assert json.loads(text) == {**OURS, **OTHERS}
    assert [json.loads(line.strip(" ,")) for line in text.splitlines() if "a-one" in line] == OTHERS["systems"]["runs"]
    assert json.loads(check.written(OURS)) == OURS


def test_each_scenario_is_wanted_once_by_one_of_the_two(check: ModuleType) -> None:
    given = check.arguments(["--systems", "--jobs", "3", "--system", "etcd", "serf"])
    words = ".venv/bin/python -m bench.systems --repeat 1 --who user --jobs 3 --minutes 12.3 --system etcd serf"
    assert check.playing("user", given.jobs, 12.34, given.system) == words.split()
    assert "--system" not in check.playing("root", 1, 1.0, [])


def test_what_is_violated_or_left_over_is_wrong_and_what_proves_nothing_is_not(check: ModuleType) -> None:
    assert check.wrong({**RUN, "verdict": "violated"}) and check.wrong({**RUN, "left": ["process 7: other"]})
    assert not check.wrong(RUN) and not check.wrong({**RUN, "verdict": "unknown", "left_out": "late"})


def test_a_root_that_is_used_again_has_this_checkout_and_its_own_runs(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for path, text in {"kept.py": "new", "docs/systems-check.json": "of this machine"}.items():
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_text(text)
    monkeypatch.setattr(check, "ROOT", here)
    monkeypatch.setattr(check, "tracked", lambda: ["kept.py", "docs/systems-check.json", "gone.py"])
    check.copy_project(there)
    assert not (there / "docs/systems-check.json").exists(), "the runs of this machine are none of the other root's"
    for path in ("docs/systems-check.json", ".venv/python", "old/one.txt"):
        (there / path).parent.mkdir(parents=True, exist_ok=True)
        (there / path).write_text("of the other root")
    check.copy_project(there)
    assert (there / "kept.py").read_text() == "new" and not (there / "old").exists()
    assert (there / "docs/systems-check.json").read_text() == "of the other root" and (there / ".venv/python").exists()


def test_runs_of_the_last_result_count_in_a_new_root_of_the_same_debian(check: ModuleType, tmp_path: Path) -> None:
    kept = tmp_path / "systems-check.json"
    check.go_on(kept, "13.9", OTHERS["systems"])
    assert not kept.exists()
    check.go_on(kept, "13.8", OTHERS["systems"])
    assert json.loads(kept.read_text()) == {"runs": OTHERS["systems"]["runs"]}
    kept.write_text("its own")
    check.go_on(kept, "13.8", OTHERS["systems"])
    assert kept.read_text() == "its own"
