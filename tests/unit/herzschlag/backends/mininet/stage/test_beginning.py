"""What a stage starts before it imports anything else."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from herzschlag.backends.mininet.stage import beginning


def test_the_controller_is_told_where_to_listen_to_log_and_to_say_that_it_is_ready() -> None:
    words = beginning.controller_words(Path("/somewhere/log"), 7)
    told = dict(zip(words[::2], words[1::2], strict=True))
    assert told == {
        "--socket": "/run/controller.sock",
        "--listen": "127.0.0.1:6653",
        "--log": "/somewhere/log/controller.log",
        "--ready-fd": "7",
    }


def test_nothing_is_imported_before_the_controller_runs_but_what_starting_it_needs() -> None:
    """The first lines of the process and this module import nothing else of the project, or it would begin late."""
    first = Path(beginning.__file__).with_name("__main__.py")
    found = {name for file in (first, Path(beginning.__file__)) for name in _of_the_project(file)}
    starting = {f"herzschlag.topo.processes.{name}" for name in ("image", "start")}
    assert found == {"herzschlag.backends.mininet.stage.beginning", *starting}
    assert {name for module in starting for name in _imported(module)} <= {
        *("herzschlag.topo.environment", "herzschlag.topo.processes", "herzschlag.topo.processes.image")
    }


def _imported(module: str) -> set[str]:
    return _of_the_project(Path(import_module(module).__file__ or ""))


def _of_the_project(file: Path) -> set[str]:
    """What the file imports of it when it is imported itself."""
    return {
        node.module
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("herzschlag")
    }


def test_with_programs_in_place_of_agents_there_is_no_zygote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Else one would warm up beside every lab of another system."""
    began: list[object] = []
    monkeypatch.setattr(beginning, "start_controller", began.append)
    monkeypatch.setattr(beginning, "start_zygote", lambda records, logs: began.append((records, logs)))
    logs = tmp_path / "log"
    beginning.begin(["5", "6", str(logs), beginning.PROGRAMS, "7"])
    assert began == [logs] and logs.is_dir()
    beginning.begin(["5", "6", str(logs), beginning.AGENTS])
    assert began == [logs, logs, (6, logs)]
