"""Positions: a message that names the wrong line sends its reader to the wrong place."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herzschlag.scenarios.from_toml import shipped
from herzschlag.scenarios.positions import line_of, lines_of
from herzschlag.wrong_input import join

TEXT = '''\
# a comment with [a.table] = 1
name = "x"   # and "quotes"
about = """
[not.a.table]
name = 'inside'""" # """
dotted.key = 1

[cluster]
options."das.isolationaddress0" = "gateway@B"
options.das.maxvmrestartcount = 3
vms = [
  { name = "a", host = "host-98" }, # first

  { name = "b", host = "host-99" },
]

[[steps]]
at_s = 1
groups = [["host-98"],
  ["host-99"]]

[[steps]]
at_s = 2
when = 1979-05-27 07:32:00

[[expect.state]]
name = "end"
seen = [{ by = "vcenter", hosts = { host-98 = "hostDown" } }]

[[expect.state]]
[expect.state.vms]
vm-1 = "unmoved"
"quoted key" = "nowhere"
'''

LINES = {
    "name": 2,
    "about": 3,
    "dotted": 6,
    "dotted.key": 6,
    "cluster": 8,
    "cluster.options.das.isolationaddress0": 9,
    "cluster.options.das.maxvmrestartcount": 10,
    "cluster.vms": 11,
    "cluster.vms[0].host": 12,
    "cluster.vms[1]": 14,
    "cluster.vms[1].host": 14,
    "steps[0]": 17,
    "steps[0].at_s": 18,
    "steps[0].groups[1][0]": 20,
    "steps[1].at_s": 23,
    "steps[1].when": 24,
    "expect.state[0]": 26,
    "expect.state[0].seen[0].hosts.host-98": 28,
    "expect.state[1]": 30,
    "expect.state[1].vms": 31,
    "expect.state[1].vms.vm-1": 32,
    "expect.state[1].vms.quoted key": 33,
}


@pytest.mark.parametrize(("path", "line"), LINES.items())
def test_a_key_is_found_on_its_line(path: str, line: int) -> None:
    tomllib.loads(TEXT)
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("steps[1].fault", 22),
        ("cluster.vms[1].on", 14),
        ("cluster.options.das.other", 10),
        ("expect.instant[0].name", 26),
        ("title", 1),
        ("", 1),
        ("steps[7].at_s", 17),
    ],
)
def test_a_key_that_is_missing_has_the_line_of_the_table_around_it(path: str, line: int) -> None:
    lines = TEXT.splitlines()
    assert lines[line - 1].strip() != "" or line == 1
    assert line_of(TEXT, path) == line


def paths(data: Any, path: str = "") -> set[str]:
    """Every key of a value that TOML reads."""
    found = {path} if path else set()
    if isinstance(data, dict):
        for key, value in data.items():
            found |= paths(value, join(path, key))
    if isinstance(data, list):
        for index, value in enumerate(data):
            found |= paths(value, join(path, index))
    return found


@pytest.mark.parametrize("name", shipped())
def test_every_key_of_the_shipped_scenarios_has_a_line(name: str) -> None:
    """The reader of the standard library is the second opinion on which keys there are."""
    text = shipped()[name]
    found = lines_of(text)
    assert set(found) == paths(tomllib.loads(text))
    lines = text.splitlines()
    for path, line in found.items():
        last = path.rpartition(".")[2].partition("[")[0]
        assert path.endswith("]") or last.split(".")[-1] in lines[line - 1]


@given(
    st.lists(
        st.sampled_from(
            ["a = 1", "[t]", "[[l]]", 'b.c = "#"', "d = ['''x''', \"]\"]", "# [no]", "", "e = { f = [1, 2] }", "[l.m]"]
        )
    )
)
def test_whatever_can_be_read_has_its_keys(pieces: list[str]) -> None:
    text = "\n".join(pieces)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(lines_of(text)) == paths(data)
