"""Each conversation of this folder, played in virtual time: the nodes say and conclude what the file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import transcripts

FILES = sorted(Path(__file__).parent.glob("*.txt"))
COMMANDS = "cluster hosts=98,99 vms_per_host=0\nadvance 20s\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nodes_say_what_the_transcript_says(path: Path, pytestconfig: pytest.Config) -> None:
    """`--rewrite-transcripts` records them anew; a reviewer then reads what has changed."""
    played = transcripts.play(path)
    if pytestconfig.getoption("rewrite_transcripts"):
        path.write_text(played)
    changed = transcripts.difference(path, played)
    assert not changed, f"{changed}\nif this is as it should be: pytest {path.parent.name} --rewrite-transcripts"


def test_the_situations_that_everybody_asks_about_have_a_transcript() -> None:
    wanted = {"normal", "slave-failure", "master-failure", "isolation", "partition-and-heal"}
    assert wanted <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_transcript_says_first_what_it_shows(path: Path) -> None:
    assert path.read_text().startswith("# ")


def recorded(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.txt"
    path.write_text(text)
    path.write_text(transcripts.play(path))
    return path


def test_a_recorded_transcript_stays_as_it_is(tmp_path: Path) -> None:
    path = recorded(
        tmp_path, f"# Two hosts.\n\n{COMMANDS}----\n\n# One dies.\n\npower off host-98\nadvance 20s\n----\n"
    )
    assert transcripts.difference(path, transcripts.play(path)) == ""
    assert "host-99: host-98 is hostDown" in path.read_text()


def test_an_agent_that_says_something_else_is_noticed(tmp_path: Path) -> None:
    """A transcript that fits whatever happens proves nothing."""
    path = recorded(tmp_path, f"# Two hosts.\n\n{COMMANDS}----\n")
    text = path.read_text()
    path.write_text(text.replace("host-99: I am a master", "host-98: I am a master"))
    assert "+T+15.0   host-99: I am a master" in transcripts.difference(path, text)


def test_a_message_that_no_network_carries_is_marked_lost(tmp_path: Path) -> None:
    path = recorded(tmp_path, f"# Two hosts.\n\n{COMMANDS}----\n\ncut host-98 -> host-99\nadvance 20s\n----\n")
    cut = path.read_text().split("cut host-98 -> host-99")[1]
    assert "host-98 -> host-99: I offer myself as master: I reach 3 datastores [lost]" in cut
    assert "heartbeats that arrived: host-98 -> host-99 0 of " in cut
    assert "heartbeats that arrived: host-99 -> host-98 20 of 20" in cut


def test_a_message_that_one_network_carries_names_the_other(tmp_path: Path) -> None:
    commands = "cluster hosts=98,99 vms_per_host=0\ncut host-98 <-> host-99 networks=A\nadvance 20s\n"
    assert "host-98 -> host-99: take me in [lost on A]" in recorded(tmp_path, f"# Two.\n\n{commands}----\n").read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# Prose.\ncluster hosts=98,99\n", "line 2: a line '----' must follow the commands"),
        ("# Prose.\nadvance 3s\n----\n", "line 2: 'advance 3s': the first command is `cluster ...`"),
        (
            "cluster hosts=98,99 colour=red\n----\n",
            "line 1: 'cluster hosts=98,99 colour=red': a cluster has no key colour",
        ),
        (f"{COMMANDS}exploder host-98\n----\n", "line 3: 'exploder host-98': not a command: use one of advance, "),
        (f"{COMMANDS}cut host-98 to host-99\n----\n", "'to': -> cuts one direction, <-> both"),
        (f"{COMMANDS}heal power off host-98\n----\n", "line 3: 'heal power off host-98': it did not happen before: "),
        (f"{COMMANDS}# Why.\nadvance 3s\n----\n", "line 3: prose goes before the commands of its part"),
    ],
)
def test_an_unplayable_transcript_names_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(text)
    with pytest.raises(transcripts.TranscriptError) as error:
        transcripts.play(path)
    assert str(error.value).startswith("wrong.txt: line ")
    assert says in str(error.value)
