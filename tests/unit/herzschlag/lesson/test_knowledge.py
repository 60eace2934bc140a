"""What each agent knows: a dead host nothing, a slave its master, a master what it sees, each beside the truth."""

from __future__ import annotations

from herzschlag.history.records import SECOND
from herzschlag.languages import speaking
from herzschlag.lesson.knowledge import Mind, minds
from tests.support.lessons import a_run, failure, of


def known(at_s: float, who: str, language: str = "en") -> Mind:
    model = failure().model
    with speaking("de" if language == "de" else "en"):
        found = minds(model, model.clock.zero_ns + round(at_s * SECOND))
    assert [one.who for one in found] == ["host-98", "host-99", "host-100", "vcenter"]
    return next(one for one in found if one.who == who)


def test_a_host_without_power_knows_nothing() -> None:
    dead = known(1, "host-98")
    assert (dead.role, dead.state, dead.lines) == ("off", "no power", ())
    assert dead.not_known


def test_a_master_cannot_know_better_until_it_has_found_out() -> None:
    early, doubting, late = (known(at_s, "host-99").lines[0] for at_s in (1, 5, 19))
    assert (early.text, early.truth, early.judged) == ("host-98: connected", "no power", "late")
    assert doubting.text == "host-98: connected, but silent for some seconds"
    assert (late.text, late.judged) == ("host-98: failed", "right")


def test_a_slave_knows_its_master_alone() -> None:
    slave = known(19, "host-100")
    assert [(line.text, line.judged) for line in slave.lines] == [
        ("It follows host-99 and hears it on both networks.", "right")
    ]
    assert slave.not_known == "It knows nothing of the other slaves."


def test_vcenter_has_what_the_master_says() -> None:
    assert known(19, "vcenter").state == "hears the master host-99"
    assert known(19, "vcenter").lines[0].text == "host-98: failed"
    assert known(1, "vcenter").lines[0].judged == "late"


def test_a_slave_that_lost_its_master_does_not_know_that_it_is_dead() -> None:
    model = a_run().model
    survivor = minds(model, model.clock.zero_ns + 5 * SECOND)[0]
    assert survivor.lines[0].text == "It follows host-99, but has not heard it for some seconds."
    assert survivor.lines[0].judged == "late"
    looking = minds(model, model.clock.zero_ns + 12 * SECOND)[0]
    assert (looking.role, looking.lines) == ("election", ())


def test_a_master_that_is_left_alone_knows_nothing_of_the_others() -> None:
    model = of("isolation").model
    alone = minds(model, model.clock.zero_ns + 26 * SECOND)[0]
    assert (alone.role, alone.lines, alone.not_known) == ("master", (), "It knows nothing of the other hosts.")
    isolated = minds(model, model.clock.zero_ns + 35 * SECOND)[0]
    assert isolated.lines[0].text == "It takes itself for isolated."
    assert isolated.lines[0].truth == "up, cut off from everyone"


def test_it_is_said_in_german() -> None:
    line = known(19, "host-99", "de").lines[0]
    assert (line.text, line.truth, line.mark) == ("host-98: ausgefallen", "ohne Strom", "stimmt")
