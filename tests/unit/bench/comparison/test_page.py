"""The page of the comparison: medians, and what has no figure."""

from bench.comparison.kept import Kept, Played
from bench.comparison.page import text
from bench.comparison.seen import Seen

RUNS = (
    *(Played("redis-sentinel", "isolation", n, Seen(2.5, 2.5 + n, 17.0, 100, 60, 9.0)) for n in range(3)),
    Played("redis-sentinel", "isolation", 3, Seen(), "timers were late"),
    Played("frr-bfd", "freeze", 0, Seen(noticed_s=0.8, settled_s=1.0)),
)


def test_the_table_has_medians_of_the_runs_that_prove_something() -> None:
    page = text(Kept("2026-01-02", "a machine", {"frr": "8.4"}, RUNS))
    assert "4 runs, 1 to 3 of each cell" in page and "\n1 left out." in page and "frr 8.4" in page
    assert "| 3.50 s<br>two for 17.0 s<br>lost 180 of 300 |" in page
    assert "| 3.50 (2.50 to 4.50) |" in page
    assert "| noticed 0.80 s |" in page
