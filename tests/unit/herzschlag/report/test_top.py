"""The top of a report."""

from __future__ import annotations

import pytest

from herzschlag.report.top import when


@pytest.mark.parametrize(
    ("began", "said"),
    [
        ("2026-05-01T09:05:00+0200", "1 May 2026, 09:05"),
        ("2026-12-24T23:59:59Z", "24 December 2026, 23:59"),
        ("", ""),
        ("yesterday", ""),
    ],
)
def test_the_date_reads_as_people_write_it(began: str, said: str) -> None:
    assert when(began) == said
