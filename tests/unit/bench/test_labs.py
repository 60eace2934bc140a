"""The table of how many labs at once a machine can handle."""

from __future__ import annotations

from bench.labs import table
from herzschlag.fidelity import kept
from herzschlag.fidelity.loads import Load, Tried


def test_a_row_says_what_a_load_came_to() -> None:
    tried = [
        Tried(load=Load(12.0, 4), runs=15, runs_an_hour=1190.4, late_ms=20.2, late_median_ms=7.4),
        Tried(load=Load(12.0, 8), runs=25, runs_an_hour=1668.0, late_ms=107.0, late_median_ms=13.0, changed=("a", "b")),
    ]
    text = table(kept.Measured(machine=kept.here(), date="2026-05-01", tried=tuple(tried)), "a machine")
    assert "| 12 | 4 | 15 | 1190 | 20 | 48 | 7 | 0 |\n" in text
    assert "| 12 | 8 | 25 | 1668 | 107 | 48 | 13 | 2 |\n" in text
    assert text.endswith("\nMeasured on a machine, 2026-05-01.\n")
