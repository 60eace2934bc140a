"""The page of other people's systems: how often each scenario held, and everything that did not."""

from __future__ import annotations

from bench.systems.cells import Case
from bench.systems.kept import Elsewhere, Kept, Measured, Played
from bench.systems.page import text

CASES = (Case("a-one", "a", "1", 20.0), Case("b-other", "b", "2", 20.0))
RUNS = (
    Played("a-one", "root", 0, "1", "holds", late_ms=12.4, cpu_s=2.0),
    Played(
        "a-one",
        "root",
        1,
        "1",
        "unknown",
        left_out="one-master: in doubt because of lateness: a; lateness: a timer fired late",
        late_ms=900.0,
    ),
    Played("a-one", "root", 2, "1", "violated", because="one-master: two\nof them", late_ms=31.0, cpu_s=3.4),
    Played("a-one", "user", 0, "1", "holds", left=("process 7: other",), changed=("came: /var/x",)),
)


def test_a_row_says_how_many_held_and_what_did_not_is_named() -> None:
    page = text(Kept("2026-01-02", "a machine", {"frr": "8.4"}, RUNS), Elsewhere(), CASES)
    assert "| `a-one` | 1 of 2 | 1 of 1 | 1 | 31 ms | 3 s |" in page
    assert "| `b-other` |  |  |  |  |  |" in page
    assert "2 of 3 runs hold; 1 prove nothing" in page
    assert "\n1 processes, mounts or files" in page and "3 of 4 runs found the machine" in page
    assert "- `a-one`, root, run 2: one-master: two of them\n- `a-one`, user, run 0: left: process 7: other\n" in page
    assert "- `a-one`, root, run 1: lateness: a timer fired late\n" in page
    assert "- came: /var/x: in 1, of a-one\n" in page


def test_an_instant_has_what_is_documented_beside_what_was_measured() -> None:
    took = [
        Played("a-one", "root", n, "1", "holds", instants=(Measured("x leads", 3.453, 3.453, 3.45 + n / 100),))
        for n in (0, 1, 3)
    ]
    late = Played(
        "a-one", "user", 0, "1", "unknown", left_out="late", instants=(Measured("x leads", 3.453, 3.453, 9.0),)
    )
    own = Played("b-other", "root", 0, "2", "holds", instants=(Measured("back", 0, 6, 1.5, own=True),))
    page = text(Kept(runs=(*took, late, own)), Elsewhere(), CASES)
    assert "| `a-one` | x leads | 3.453 | 3 | 3.450 | 3.460 | 3.480 |" in page
    assert "| `b-other` | back | 0 to 6 (own) | 1 | 1.500 | 1.500 | 1.500 |" in page


def test_what_there_is_none_of_is_said() -> None:
    assert text(Kept(), Elsewhere(), CASES).count("\nnone\n") == 5


def test_another_debian_has_a_table_of_its_own() -> None:
    found = Elsewhere("2026-01-03", "a machine", {"frr": "10.3"}, RUNS, debian="13.8")
    page = text(Kept(), found, CASES)
    assert "| `a-one` |  |  |  |  |  |" in page and "\n0 processes, mounts or files" in page
    other = page.partition("## In Debian 13")[2]
    assert "Debian 13.8" in other and "2 of 3 runs hold, of 1 of 2 scenarios; 1 prove\nnothing" in other
    assert "frr 10.3." in other and "1 processes, mounts or files" in other
    assert "| `a-one` | 1 of 2 | 1 of 1 | 1 | 31 ms |\n| `b-other` |  |  |  |  |\n" in other
    assert "- `a-one`, root, run 2: one-master: two of them\n- `a-one`, user, run 0: left: process 7: other\n" in other
    assert "- `a-one`, root, run 1: lateness: a timer fired late\n" in other
