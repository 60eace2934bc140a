"""From the list of scenarios to a checked one of one's own."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.languages import speaking
from herzschlag.scenarios.from_toml import of_systems, shipped


def call(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [*words])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_scenario_is_printed_as_it_is_in_its_file() -> None:
    assert call("scenarios", "isolation") == (0, shipped()["isolation"], "")
    assert json.loads(call("scenarios", "isolation", "--json")[1])[0]["name"] == "isolation"


def test_scenarios_of_other_systems_have_a_section_of_their_own() -> None:
    ours, theirs = call("scenarios")[1].split("\n\n")
    assert [line.split()[0] for line in ours.splitlines()] == [*shipped()]
    assert theirs.startswith("other people's systems, on real packets alone")
    assert [line.split()[0] for line in theirs.splitlines()[1:]] == [*of_systems()]
    systems = {one["name"].partition("@")[0]: one["system"] for one in json.loads(call("scenarios", "--json")[1])}
    assert systems["isolation"] == ""
    assert systems["redis-failover"] == "redis-sentinel"


def test_an_unknown_name_is_answered_with_the_nearest_few() -> None:
    status, out, told = call("scenarios", "qqq")
    assert (status, out) == (2, "")
    assert f"the nearest of {len({**shipped(), **of_systems()})} are " in told and len(told) < 250
    assert "did you mean 'isolation'" in call("scenarios", "isolaton")[2]


def test_init_writes_a_scenario_that_is_right_and_the_schema_it_names(here: Path) -> None:
    status, out, _ = call("init", "my-case.toml")
    assert status == 0 and "herzschlag run my-case.toml --backend simulation" in out
    text = (here / "my-case.toml").read_text()
    assert tomllib.loads(text)["name"] == "my-case"
    named = text.splitlines()[0].removeprefix("#:schema ")
    assert json.loads((here / named).read_text()) == json.loads(call("schema")[1])
    assert call("check", "my-case.toml")[1] == "my-case.toml: right: 1 step, 3 expectations, 45 s long\n"


def test_init_writes_a_system_a_scenario_and_a_test_that_are_right(here: Path) -> None:
    status, out, _ = call("init", "--system", "my-beat")
    assert status == 0 and "pytest test_my_beat.py" in out
    names = ["herzschlag.schema.json", "my-beat-cut-off.toml", "my-beat.toml", "test_my_beat.py"]
    assert sorted(path.name for path in here.iterdir()) == names
    said = call("check", "my-beat.toml", "my-beat-cut-off.toml")
    assert said[:2] == (
        0,
        "my-beat.toml: right: system my-beat, 1 program, 1 read\nmy-beat-cut-off.toml: right: 1 step, "
        "3 expectations, 13 s long\n",
    )


def test_init_writes_all_files_of_a_system_or_none(here: Path) -> None:
    (here / "test_beat.py").write_text("mine")
    assert call("init", "--system", "beat")[0] == 2
    assert [path.name for path in here.iterdir()] == ["test_beat.py"]
    for name, says in (("etcd", "is a system already"), ("My", "small letters")):
        status, _, told = call("init", "--system", name)
        assert status == 2 and says in told


def test_check_says_what_is_wrong_in_a_systems_file_and_where(here: Path) -> None:
    call("init", "--system", "beat")
    text = (here / "beat.toml").read_text()
    (here / "beat.toml").write_text(text.replace('"role"', '"rolle"').replace("settle_s = 3", "setle_s = 3"))
    status, _, told = call("check", "beat.toml")
    line = text[: text.index("settle_s = 3")].count("\n") + 1
    assert status == 2 and f"beat.toml:{line}: setle_s: unknown key: did you mean 'settle_s'?" in told


def test_init_overwrites_nothing(here: Path) -> None:
    (here / "mine.toml").write_text("mine")
    status, _, told = call("init", "mine")
    assert status == 2 and "mine.toml: exists already" in told
    assert (here / "mine.toml").read_text() == "mine"
    assert call("init", "no/such/folder/x")[0] == 2
    status, _, told = call("init", "with space")
    assert status == 2 and "it names a directory" in told
    assert sorted(path.name for path in here.iterdir()) == ["mine.toml"]


def test_check_says_everything_that_is_wrong_in_every_file(here: Path) -> None:
    (here / "a.toml").write_text('name = "a"\ntitle = 3\nspeed = 0\n')
    (here / "b.toml").write_text('name = "b"\ntitle = "b"\n\n[[steps]]\nat_s = 1\nfault = "powr-off"\n')
    (here / "c.toml").write_text('name = "c"\ntitle = "c')
    status, out, told = call("check", "a.toml", "normal", "b.toml", "c.toml", "d.toml")
    assert status == 2
    assert out.startswith("normal: right: 0 steps, ")
    lines = told.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["a.toml:2", "b.toml:6", "c.toml:2", "d.toml"]
    assert "did you mean 'power-off'" in told


def test_check_as_json_and_quietly(here: Path) -> None:
    (here / "a.toml").write_text('name = "a"\ntitle = "a"\nspeed = 0\nsettle_s = 0\n')
    status, out, told = call("check", "a.toml", "--json")
    document = json.loads(out)
    assert (status, told, document["right"]) == (2, "", False)
    assert [(one["file"], one["line"], one["key"]) for one in document["problems"]] == [
        ("a.toml", 3, "speed"),
        ("a.toml", 4, "settle_s"),
    ]
    assert call("check", "normal", "-q") == (0, "", "")
    assert json.loads(call("check", "normal", "--json")[1]) == {"right": True, "problems": []}


def test_the_path_of_the_schema_is_that_of_an_installed_file() -> None:
    path = Path(call("schema", "--path")[1].strip())
    assert json.loads(path.read_text())["title"] == "A scenario of Herzschlag"


def test_what_is_wrong_is_told_in_german_and_kept_in_english(here: Path) -> None:
    (here / "bad.toml").write_text('name = "bad"\ntitle = "x"\nspeed = "a"\n[cluster]\nhots = 3\n')
    with speaking("de"):
        status, _, told = call("check", "bad.toml")
        document = json.loads(call("check", "bad.toml", "--json")[1])
        assert call("check", "case-01")[1].startswith("case-01: richtig: 2 Varianten, 1 Schritt, ")
        listed = call("scenarios")[1]
    assert status == 2
    assert told.splitlines() == [
        "bad.toml:3: speed: ist 'a': verlangt ist eine Zahl",
        "bad.toml:5: cluster.hots: unbekannter Schlüssel: meinten Sie 'hosts'?",
    ]
    assert document["problems"][0]["text"] == "is 'a': a number is wanted"
    assert "Normalbetrieb: Nichts fällt aus" in listed and "Systeme anderer, nur mit echten Paketen" in listed
