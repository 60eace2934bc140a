"""A system by its name or its file."""

from pathlib import Path

import pytest

from herzschlag.systems.finding import known, loads, system_named
from herzschlag.wrong_input import InputError

MYBEAT = """
name = "mybeat"
settle_s = 3
[[programs]]
name = "mybeat"
argv = ["mybeatd", "--bind", "{A}"]
[[reads]]
match = 'state (?P<to>LEADER|FOLLOWER)'
words = { LEADER = "master", FOLLOWER = "slave" }
record = "role"
"""


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mybeat.toml"
    path.write_text(MYBEAT)
    assert system_named(str(path)) == loads(MYBEAT)
    assert "keepalived" in known()


@pytest.mark.parametrize(
    ("name", "says"), [("keepalivd", "did you mean 'keepalived'"), ("no/such.toml", "cannot be read")]
)
def test_what_does_not_exist_is_refused(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        system_named(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "not TOML"),
        (MYBEAT.replace("settle_s = 3", "setle_s = 3"), "settle_s"),
        (MYBEAT.replace('"role"', '"rolle"'), "record"),
    ],
)
def test_a_file_that_is_wrong_is_refused(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        loads(text)
    assert says in "\n".join(str(error) for error in caught.value.errors)
