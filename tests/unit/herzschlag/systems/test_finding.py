"""A system by its name or its file."""

from pathlib import Path

import msgspec
import pytest

from herzschlag.systems.filling import filled
from herzschlag.systems.finding import _accept, known, loads, system_named
from herzschlag.systems.model import System
from herzschlag.topo.catalog import two_networks
from herzschlag.wrong_input import InputError
from tests.support.extending import YOUR_SYSTEM, files

LAB = two_networks(3)
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


def test_the_file_in_the_documents_is_a_system() -> None:
    system = loads(files(YOUR_SYSTEM)["mybeat/system.toml"])
    (program,) = system.programs
    assert [filled(word, system, LAB, "host-99") for word in program.argv][3:] == [
        "198.18.1.2",
        "198.18.1.1,198.18.1.3",
        "2",
        "no",
    ]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (lambda: msgspec.structs.replace(loads(MYBEAT), name="theirs"), ""),
        (loads(MYBEAT), "must be equal"),
        (3, "not a herzschlag.systems.model.System"),
        (msgspec.structs.replace(loads(MYBEAT), name="theirs", reads=()), "neither a role nor"),
    ],
)
def test_what_another_package_brings_is_a_system_or_told_what_is_wrong(value: object, says: str) -> None:
    found = _accept(value, "theirs")
    if says:
        assert isinstance(found, str)
        assert says in found
    else:
        assert isinstance(found, System)
