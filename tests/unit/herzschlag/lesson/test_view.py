"""What a browser sees at a place: questions first, answers after, in its language, and nothing too early."""

from __future__ import annotations

from herzschlag.languages import speaking
from herzschlag.lesson import view
from herzschlag.lesson.chapter import find
from herzschlag.scenarios.from_toml import load_family
from tests.support.lessons import DIES, a_run, failure

SLAVE = find("slave")


def test_before_the_answers_there_are_questions_alone() -> None:
    with speaking("en"):
        place = view.place(SLAVE, 2, False, failure())
    assert (place.phase, place.scene, place.scenes) == ("ask", 2, 3)
    assert [one.id for one in place.questions] == ["2.2", "2.3"]
    assert (place.answers, place.wire) == ((), ())
    assert place.until_s == place.from_s == 11.5
    assert not any(vm[0] > 11.5 for stretches in place.picture["vms"].values() for vm in stretches)


def test_after_them_there_are_answers_moments_and_the_packet() -> None:
    with speaking("de"):
        place = view.place(SLAVE, 2, True, failure())
    number, choice = place.answers
    assert (number.number, number.right, number.measured) == (18, None, "17,99 s")
    assert (choice.number, choice.right, choice.told) == (
        None,
        1,
        "Einen Ping und die Heartbeats auf den Datenspeichern",
    )
    assert [round(moment.at_s) for moment in place.moments] == [18, 18, 18]
    assert (place.wire[0].name, place.wire[0].networks, place.wire[0].arrived) == ("Auftrag zum Neustart", "A, B", True)
    assert place.zero == "Sekunden nach dem Fehler"
    assert place.remark == ""


def test_hearts_are_the_heartbeats_of_the_network() -> None:
    place = view.place(SLAVE, 1, True, failure())
    assert not place.picture["schematic"]
    lost = {(beat[3], beat[4]) for beat in place.picture["beats"] if beat[1] is None}
    assert lost == {("host-99", "host-98")}


def test_the_packets_of_an_instant_are_joined_by_way_and_fate() -> None:
    moment = view.place(SLAVE, 1, True, failure()).moments[1]
    beats = {(one.source, one.destination): one for one in moment.packets if one.kind == "Heartbeat"}
    assert beats["host-100", "host-99"].networks == "A, B"
    assert not beats["host-99", "host-98"].arrived


def test_the_contents_name_every_chapter_in_the_language_of_the_browser() -> None:
    with speaking("de"):
        course = view.course(True, "simulation")
    assert (course.language, course.acts, len(course.chapters)) == ("de", True, 6)
    assert course.chapters[4].title == "Partition"
    assert course.chapters[1].questions == (1, 2, 1)


def test_a_place_without_its_run_says_why() -> None:
    place = view.nothing_yet(SLAVE, 1, "preparing", "wait")
    assert (place.phase, place.because, place.picture) == ("preparing", "wait", {})


def test_the_command_to_go_on_by_hand_names_one_scenario() -> None:
    """A family's name alone is refused by `live`."""
    master = find("master")
    number = next(number for number, scene in enumerate(master.scene, 1) if scene.scenario == DIES)
    place = view.place(master, number, True, a_run())
    assert place.command == f"herzschlag live {DIES} --backend simulation"
    assert len(load_family(DIES)) == 1
