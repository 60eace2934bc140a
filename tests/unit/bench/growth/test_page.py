"""The part of docs/performance.md about growing labs."""

from __future__ import annotations

from pathlib import Path

from bench.growth.page import BEGIN, END, write
from tests.unit.bench.growth.test_kept import lab


def test_the_part_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page, drawn = tmp_path / "page.md", tmp_path / "growth.svg"
    page.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    for _ in range(2):
        write([lab(3, 1), lab(16, 1)], page, drawn)
        text = page.read_text()
        assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
        assert "| 1 | 16 | 1.2 | 17.0 | 2.00 | 100 | 6.0 | 2.0 | 3.0 | 512 | 1.3 | 7.0 |" in text
    assert drawn.read_text().startswith("<svg")
