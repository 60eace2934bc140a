"""Real packets: whether this machine can have them, and what becomes of the tests that want them where it cannot.

This module decides between skipping and failing, and what a session says about it. Whether a lab comes up is the
backend's word; before the first one the machine is asked, because a session should begin with it.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from herzschlag.backends import asking
from herzschlag.plugin.constants import REQUIRE, REQUIRE_OPTION, WITHOUT
from herzschlag.plugin.failing import fail


def required(config: pytest.Config) -> bool:
    """Whether a test that cannot have them is to fail."""
    return bool(config.getoption(REQUIRE_OPTION)) or os.environ.get(REQUIRE, "0") not in ("", "0")


def go_without(item: pytest.Item, reason: str) -> NoReturn:
    """Skip the test, or fail it where packets are required."""
    __tracebackhide__ = True
    if required(item.config):
        fail(f"real packets are required ({REQUIRE_OPTION} or {REQUIRE}), and are not available: {reason}")
    item.user_properties.append((WITHOUT, reason))
    pytest.skip(reason)


def lacking() -> str:
    """What this machine lacks for labs on real packets, and how to get it; empty when nothing is missing."""
    missing = asking.lacking()
    return f"{asking.why(missing)} ({asking.how(missing)})" if missing else ""


def said(config: pytest.Config, tests: int) -> str:
    """What a session says before its first test; empty when there is nothing to say."""
    if not tests or config.getoption("collectonly"):
        return ""
    if not (reason := lacking()):
        return "" if config.get_verbosity() < 0 else "herzschlag: real packets are available here"
    what = "1 test" if tests == 1 else f"{tests} tests"
    end = "will fail" if required(config) else f"will be skipped ({REQUIRE_OPTION} makes that an error)"
    return f"herzschlag: no real packets here: {reason}; {what} {end}"


def said_of_skipped(told: list[str]) -> list[str]:
    """At a session's end: each reason once, with the number of tests that it skipped."""
    tests = {reason: told.count(reason) for reason in sorted(told)}
    return [
        f"herzschlag: {number} {'test' if number == 1 else 'tests'} skipped without real packets: {reason}"
        for reason, number in tests.items()
    ]
