"""What of other people's systems is to be played, and what makes a kept run one of another scenario."""

from __future__ import annotations

import msgspec
import pytest

from bench.systems.cells import Case, Cell, Try, case, cases, digest, wanted
from bench.systems.kept import Played
from herzschlag.scenarios.from_toml import load, of_systems
from herzschlag.systems.finding import system_named

QUICK, SLOW = Case("a-quick", "a", "1", 20.0), Case("b-slow", "b", "2", 90.0)


def run(one: Case, who: str, number: int, **more: str) -> Played:
    return msgspec.convert(
        {"scenario": one.name, "who": who, "number": number, "digest": one.digest, "verdict": "holds", **more}, Played
    )


def test_quick_ones_come_first_then_roots_then_every_one_once() -> None:
    order = [(one.case.name, one.who, one.number) for one in wanted([SLOW, QUICK], [], 2)]
    each = [("root", 0), ("root", 1), ("user", 0), ("user", 1)]
    assert order == [(name, *one) for name in ("a-quick", "b-slow") for one in each]
    others = [QUICK, Case("c-quick", "c", "3", 10.0)]
    assert [one.case.name[0] for one in wanted(others, [], 2, ["user"])] == ["a", "c", "a", "c"]


def test_a_run_that_proves_nothing_keeps_its_number_and_another_is_wanted() -> None:
    kept = [run(QUICK, "root", 0), run(QUICK, "root", 1, left_out="late", verdict="unknown"), run(QUICK, "user", 0)]
    assert wanted([QUICK], kept, 2) == [Try(QUICK, "root", 2), Try(QUICK, "user", 1)]


def test_what_is_violated_is_not_played_until_it_holds() -> None:
    kept = [run(QUICK, "root", number, verdict="violated") for number in range(2)]
    assert wanted([QUICK], kept, 2, ["root"]) == []


def test_runs_of_a_scenario_that_is_another_now_do_not_count() -> None:
    kept = [run(QUICK._replace(digest="older"), "root", 0)]
    assert wanted([QUICK], kept, 1, ["root"]) == [Try(QUICK, "root", 0)]


def test_a_digest_is_of_what_a_scenario_does_and_of_the_systems_file(monkeypatch: pytest.MonkeyPatch) -> None:
    one = load("keepalived-split")
    was = digest(one)
    assert digest(msgspec.structs.replace(one, title="another", about="another", text="another")) == was
    assert digest(msgspec.structs.replace(one, settle_s=one.settle_s + 1)) != was
    assert digest(msgspec.structs.replace(one, steps=one.steps[:0])) != was
    changed = msgspec.structs.replace(system_named("keepalived"), settle_s=9.0)
    monkeypatch.setattr("herzschlag.scenarios.model.system_named", lambda name: changed)
    assert digest(one) != was


def test_every_member_of_every_family_is_a_case() -> None:
    found = {one.name.partition("@")[0] for one in cases()}
    assert found == {*of_systems()}
    assert {one.system for one in cases(["etcd"])} == {"etcd"}
    assert case(load("keepalived-split")).lasts_s == 1 + 10 + 8
    assert run(QUICK, "root", 0).cell == Cell("a-quick", "root")
