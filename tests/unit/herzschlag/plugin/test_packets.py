"""Real packets that this machine does not have: what a session says, and whether tests are skipped or fail."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from herzschlag.plugin import packets
from herzschlag.plugin.constants import REQUIRE, WITHOUT


def config(*, require: bool = False, quiet: bool = False, only_collects: bool = False) -> Any:
    options = {"--herzschlag-require-packets": require, "collectonly": only_collects}
    return SimpleNamespace(getoption=options.__getitem__, get_verbosity=lambda: -1 if quiet else 0)


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRE, raising=False)
    monkeypatch.setattr(packets, "lacking", lambda: "Open vSwitch (no such program): apt-get install it")


def test_without_packets_a_test_is_skipped_with_the_reason() -> None:
    item: Any = SimpleNamespace(config=config(), user_properties=[])
    with pytest.raises(pytest.skip.Exception, match="no Open vSwitch"):
        packets.go_without(item, "no Open vSwitch")
    assert item.user_properties == [(WITHOUT, "no Open vSwitch")]


@pytest.mark.parametrize(("option", "variable"), [(True, None), (False, "1"), (True, "0")])
def test_where_packets_are_required_it_fails(
    monkeypatch: pytest.MonkeyPatch, option: bool, variable: str | None
) -> None:
    if variable is not None:
        monkeypatch.setenv(REQUIRE, variable)
    item: Any = SimpleNamespace(config=config(require=option), user_properties=[])
    with pytest.raises(pytest.fail.Exception, match=r"real packets are required .*: no Open vSwitch"):
        packets.go_without(item, "no Open vSwitch")


@pytest.mark.parametrize("variable", ["", "0"])
def test_an_empty_variable_requires_nothing(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(REQUIRE, variable)
    assert not packets.required(config())


def test_a_session_says_first_what_will_become_of_its_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "herzschlag: no real packets here: Open vSwitch (no such program): apt-get install it; "
    skipped = "will be skipped (--herzschlag-require-packets makes that an error)"
    assert packets.said(config(), 3) == f"{reason}3 tests {skipped}"
    assert packets.said(config(quiet=True), 1) == f"{reason}1 test {skipped}"
    assert packets.said(config(require=True), 3) == f"{reason}3 tests will fail"
    assert packets.said(config(), 0) == "" == packets.said(config(only_collects=True), 3)
    monkeypatch.setattr(packets, "lacking", str)
    assert packets.said(config(), 3) == "herzschlag: real packets are available here"
    assert packets.said(config(quiet=True), 3) == ""


def test_a_session_says_last_why_tests_were_skipped() -> None:
    assert packets.said_of_skipped(["b", "a", "b"]) == [
        "herzschlag: 1 test skipped without real packets: a",
        "herzschlag: 2 tests skipped without real packets: b",
    ]
