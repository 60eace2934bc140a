"""A broken fault or checker of another package fails the tests that have a cluster, in one line, and no others."""

from __future__ import annotations

import pytest

from herzschlag import extensions
from herzschlag.plugin.marker import wish_of
from tests.support.bringing import Bring, bring

__all__ = ["bring"]


def test_the_plugin_fails_the_test_and_nothing_else(bring: Bring, pytester: pytest.Pytester) -> None:
    assert wish_of is not None  # imported here once: pytester forgets what inner runs import for the first time
    bring(extensions.FAULTS, "Mine = 3")
    pytester.makepyfile("def test_it(cluster): pass\ndef test_other(): pass")
    words = ("--herzschlag-backend", "simulation", "-p", "no:cacheprovider")
    result = pytester.runpytest_inprocess(*words)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*test_it*: herzschlag.faults mine = brought:Mine, of the package bringer: it is 3*"])
    assert "INTERNALERROR" not in result.stdout.str()
