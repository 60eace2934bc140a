"""What each observer believes, drawn beside what is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.languages import speaking
from herzschlag.report.figures import figures
from herzschlag.report.lanes import Figure
from herzschlag.report.model import Model
from herzschlag.report.reading import read_run
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("run") / "slave-failure"
    run(RunRequest(scenario=load("slave-failure"), backend="simulation", speed=1.0, seed=0, directory=into))
    return into


def test_opinions_are_named_as_records_have_them_and_in_german_as_people_do(directory: Path) -> None:
    model = Model(read_run(directory))
    english = figures(model)[-1]
    assert english.title == "Belief against truth"
    assert {"hostDown", "connectedToMaster"} <= texts(english)
    with speaking("de"):
        german = figures(model)[-1]
    assert german.title == "Meinung gegen Wahrheit"
    assert {"ausgefallen", "verbunden"} <= texts(german)
    assert [layer.tone for layer in german.layers] == [layer.tone for layer in english.layers]


def texts(figure: Figure) -> set[str]:
    return {str(item[3]) for layer in figure.layers if layer.kind == "bars" for item in layer.items}
