"""What `herzschlag run` writes at its end, on narrow and wide terminals and into a pipe, for runs of every kind.

`pytest tests/unit/herzschlag/cli/test_playing.py --rewrite-transcripts` records the texts anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from herzschlag.checkers.verdict import SIGNS
from herzschlag.cli.playing import play
from herzschlag.running.run_file import RunReport
from herzschlag.running.runner import RunRequest
from tests.support import terminal
from tests.support.terminal import Place, console, request, told, written

SHOWN = Path(__file__).parent / "shown"
SCENES: dict[str, Callable[[Place], list[RunReport]]] = {
    "holding": terminal.holding,
    "violated": terminal.violated,
    "unknown": terminal.unknown,
    "cannot-run": terminal.cannot_run,
}
Scene = tuple[str, list[RunReport], Path]
LINES_MAX = {"holding": 40, "violated": 22, "unknown": 8, "cannot-run": 4}
"""On a terminal of 80 columns."""


@pytest.fixture(scope="module", params=sorted(SCENES))
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[RunReport], Path]:
    base = tmp_path_factory.mktemp("runs")
    return request.param, SCENES[request.param](lambda name: base / name), base


@pytest.mark.parametrize("width", [80, 120, None], ids=["80", "120", "pipe"])
def test_the_text_is_as_recorded(scene: Scene, width: int | None, pytestconfig: pytest.Config) -> None:
    name, reports, base = scene
    text = told(reports, width).replace(str(base), "/runs")
    path = SHOWN / f"{name}-{width or 'pipe'}.txt"
    if pytestconfig.getoption("--rewrite-transcripts"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_it_is_short_and_fits(scene: Scene) -> None:
    name, reports, _ = scene
    lines = told(reports, 80).splitlines()
    assert len(lines) <= LINES_MAX[name]
    commands = ("again", "meanwhile", "look", "kept in", "packets")
    assert [line for line in lines if len(line) > 80 and not line.strip().startswith(commands)] == []


def test_every_word_and_number_is_there_at_any_width(scene: Scene) -> None:
    """Only a title may lose what follows its colon, and a line of the story its reason."""
    _, reports, _ = scene
    wide, narrow = told(reports, 300), told(reports, 80)
    names = {d.name for r in reports if r.verdict == "holds" for d in r.instants}
    assert names <= {line[29:] for line in narrow.splitlines()}
    assert "…" not in narrow
    whole = re.findall(r"T[+-][\d.-]+|[\w-]+\.toml:\d+|\d+\.\d+|herzschlag run .*", wide)
    assert whole == [word for word in whole if word in narrow]


def test_a_pipe_gets_no_colours_no_blanks_and_no_wrapping(scene: Scene) -> None:
    _, reports, _ = scene
    text = told(reports, None)
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert told(reports, None) == text


def test_a_cause_is_said_once(tmp_path: Path) -> None:
    text = told(terminal.violated(lambda name: tmp_path / name), 300)
    assert text.count("expected T+10 ± 0.15, happened T+18.00  wrong.toml:15") == 1
    assert text.count("host-98 is off, not master") == 1
    slow = told(terminal.unknown(lambda name: tmp_path / name), 300)
    assert slow.count("of protocol time late") == 1
    assert "herzschlag run slave-failure --speed 2" in slow


def test_verbose_lists_every_check_and_quiet_none(tmp_path: Path) -> None:
    (report,) = terminal.violated(lambda name: tmp_path / name)
    listed = told([report], 300, verbose=True)
    assert all(f" {finding.checker}: " in listed for finding in report.findings)
    assert f"{SIGNS['nothing']} replays: nothing to check: no packets came twice" in listed
    held = terminal.holding(lambda name: tmp_path / name)
    assert len(told(held, 80, quiet=True).splitlines()) == 1
    assert "no restart" in told([report], 80, quiet=True)


def test_a_machine_on_which_nothing_starts_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def refused(one: RunRequest, watcher: object) -> RunReport:
        del watcher
        tried.append(one.scenario.name)
        return RunReport(status="unavailable", started=False, scenario=one.scenario.name, because="no right")

    monkeypatch.setattr("herzschlag.cli.playing.run", refused)
    on = console(None)
    requests = [request(name, tmp_path / name, "mininet") for name in ("normal", "isolation")]
    reports, drawn, _ = play(on, requests, 1, silent=False, draw=True)
    assert ([r.scenario for r in reports], tried, drawn.paths) == (["normal"], ["normal"], [])
    assert written(on).splitlines()[0] == "Herzschlag  2 scenarios: real packets, speed 10"


def test_a_pipe_gets_a_line_for_each_run_as_it_ends(tmp_path: Path) -> None:
    on = console(None)
    requests = [request(name, tmp_path / name) for name in ("normal", "slave-failure")]
    play(on, requests, 1, silent=False, draw=False)
    title, *ended = written(on).splitlines()
    assert title == "Herzschlag  2 scenarios: virtual time"
    assert [line.split()[1] for line in ended] == ["normal", "slave-failure"]
    assert all(line.endswith("s  holds") for line in ended)
