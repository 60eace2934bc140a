"""Campaign files: the runs they make, and everything that is refused before the first one starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.campaign.matrix import Campaign, load_campaign
from herzschlag.scenarios.from_toml import ScenarioError
from herzschlag.wrong_input import InputError


def loaded(folder: Path, text: str) -> Campaign:
    path = folder / "c.toml"
    path.write_text(text)
    return load_campaign(path)


def names(folder: Path, matrix: str) -> list[str]:
    return [cell.name for cell in loaded(folder, f'name = "c"\n[[matrix]]\n{matrix}').cells]


def test_every_combination_is_one_run(tmp_path: Path) -> None:
    made = names(
        tmp_path,
        'scenarios = ["normal", "isolation"]\nseeds = "3-4"\nspeeds = [5, 10]\nbackends = ["simulation", "mininet"]',
    )
    assert len(made) == len(set(made)) == 16
    assert made[:2] == ["normal-simulation-x5-seed3", "normal-simulation-x5-seed4"]


def test_a_repeated_run_has_a_name_for_each_time(tmp_path: Path) -> None:
    made = names(tmp_path, 'scenarios = ["normal"]\nbackends = ["simulation"]\nrepeat = 3')
    assert made == ["normal-simulation-x10-seed0", *(f"normal-simulation-x10-seed0-again{n}" for n in (1, 2))]


def test_a_profile_is_put_into_the_text_that_runs(tmp_path: Path) -> None:
    profiles = 'profiles = ["vsphere-5.0", "vsphere-5.1"]'
    text = f'name = "c"\n[[matrix]]\nscenarios = ["normal"]\nbackends = ["simulation"]\n{profiles}'
    other, own = loaded(tmp_path, text).cells
    assert (other.scenario.cluster.profile, other.edited) == ("vsphere-5.0", True)
    assert 'profile = "vsphere-5.0"' in other.scenario.text
    assert (own.scenario.cluster.profile, own.edited) == ("vsphere-5.1", False)
    assert other.case != own.case


def test_a_path_counts_from_the_campaign_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\ntitle = "t"\n[[variants]]\nname = "a"\nset = {}\n')
    assert names(tmp_path, 'scenarios = ["mine.toml"]') == ["mine@a-mininet-x10-seed0"]
    assert names(tmp_path, 'scenarios = ["./mine.toml@a"]') == ["mine@a-mininet-x10-seed0"]


def test_without_packets_go_virtual_time_and_scenarios_that_expect_nothing_of_them(tmp_path: Path) -> None:
    for matrix in ("scenarios = ['normal']\nbackends = ['simulation']", "scenarios = ['partition']"):
        assert loaded(tmp_path, f"name = 'c'\ncapture = 'off'\n[[matrix]]\n{matrix}").cells


def test_the_same_run_of_two_matrices_is_one(tmp_path: Path) -> None:
    matrix = '[[matrix]]\nscenarios = ["normal"]\nseeds = [0, 1]\n'
    assert len(loaded(tmp_path, f'name = "c"\n{matrix}{matrix}').cells) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = 'c'", "c.toml: (top): the key 'matrix' is missing"),
        ("name = 'a/b'\n[[matrix]]\nscenarios = ['normal']", "c.toml: name: is 'a/b'"),
        ("name = 'c'\n[[matrix]]\nscenarios = []", "matrix[0].scenarios: is empty"),
        ("name = 'c'\n[[matrix]]\nscenarios = ['normal']\nseeds = '9-3'", "matrix[0].seeds: is '9-3'"),
        ("name = 'c'\n[[matrix]]\nscenarios = ['normal']\nseeds = [-1]", "matrix[0].seeds: has -1"),
        ("name = 'c'\n[[matrix]]\nscenarios = ['normal']\nseed = [1]", "did you mean 'seeds'?"),
        ("name = 'c'\n[[matrix]]\nscenarios = ['normal']\nspeeds = [0]", "matrix[0].speeds[0]: is 0"),
        ("name = 'c'\n[[matrix]]\nscenarios = ['normal']\nrepeat = 0", "matrix[0].repeat: is 0"),
        ("name = 'c'\n[[matrix]]\nscenarios = ['isolation']\nspeeds = [900]", "matrix[0].speeds: 900: instants may be"),
        ("name = 'c'\n[[matrix]]\nscenarios = ['normal']\nseeds = '0-99999'\nrepeat = 2", "makes 200000 runs"),
        ("name = 'c'\ncapture = 'off'\n[[matrix]]\nscenarios = ['normal']", 'capture: is "off", and normal expects'),
        ("name = ", "c.toml: is not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    assert says in str(caught.value)


def test_two_scenarios_of_one_name_are_refused(tmp_path: Path) -> None:
    """Their runs would have the same directories."""
    for name, title in (("a", "one"), ("b", "two")):
        (tmp_path / f"{name}.toml").write_text(f'name = "same"\ntitle = "{title}"\n')
    with pytest.raises(InputError, match="two scenarios called 'same'"):
        names(tmp_path, 'scenarios = ["./a.toml", "./b.toml"]')


def test_an_unknown_scenario_is_told_as_everywhere(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="did you mean 'isolation'"):
        names(tmp_path, 'scenarios = ["isolatoin"]')


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_campaign(tmp_path / "none.toml")
