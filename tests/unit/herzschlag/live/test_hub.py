"""The hub between browsers and lab: a late browser gets everything so far, and none can flood the hub."""

from __future__ import annotations

from herzschlag.live import messages as m
from herzschlag.live.hub import COMMANDS_MAX, STORY_KEPT, Hub
from tests.support.live import Told, a_lab


def test_who_joins_late_is_told_how_things_stand() -> None:
    hub = Hub(a_lab())
    hub.tell(m.State(phase="running", steps_done=2))
    hub.tell(m.Clock(12.5))
    hub.tell(m.Story((m.Entry(1, 0.5, "role", "host-98: election to master", "it won"),)))
    late = Told()
    hub.listen(1, late.hear)
    assert [one["news"] for one in late.news] == ["lab", "state", "clock", "story"]
    assert late.state["steps_done"] == 2
    assert late.last("clock")["now_s"] == 12.5
    assert late.story == [[1, 0.5, "role", "host-98: election to master", "it won"]]


def test_all_browsers_are_told_the_same_until_they_leave() -> None:
    hub = Hub(a_lab())
    one, other = Told(), Told()
    hub.listen(1, one.hear)
    hub.listen(2, other.hear)
    hub.tell(m.Clock(1.0))
    assert one.news == other.news
    hub.forget(2)
    hub.tell(m.Clock(2.0))
    assert len(one.news) == len(other.news) + 1


def test_an_unchanged_state_is_not_sent_again() -> None:
    hub = Hub(a_lab())
    told = Told()
    hub.listen(1, told.hear)
    hub.tell(m.State(phase="running"))
    before = len(told.news)
    hub.tell(m.State(phase="running"))
    assert len(told.news) == before


def test_a_new_lab_takes_the_old_story_and_file_with_it() -> None:
    hub = Hub(a_lab())
    hub.keep("name = 'old'")
    hub.tell(m.Story((m.Entry(1, 0.5, "role", "long ago", ""),)))
    hub.tell(a_lab(2))
    told = Told()
    hub.listen(1, told.hear)
    assert told.story == []
    assert hub.saved == ""


def test_the_story_for_late_comers_has_an_end() -> None:
    hub = Hub(a_lab())
    hub.tell(m.Story(tuple(m.Entry(n, 0.0, "role", "x", "") for n in range(STORY_KEPT + 5))))
    told = Told()
    hub.listen(1, told.hear)
    assert len(told.story) == STORY_KEPT
    assert told.story[-1][0] == STORY_KEPT + 4


def test_too_many_requests_are_refused_with_a_reason() -> None:
    hub = Hub(a_lab())
    told = Told()
    for _ in range(COMMANDS_MAX):
        hub.ask(m.Next(), told.hear)
    assert told.news == []
    hub.ask(m.Next(), told.hear)
    assert "requests wait already" in told.last("refused")["because"]


def test_closing_wakes_a_caller_that_waits_for_a_command() -> None:
    hub = Hub(a_lab())
    hub.close()
    assert hub.next_command(60) is None
    assert hub.closing
