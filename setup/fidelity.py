"""Writes a part of docs/fidelity.md, between marks of its own; the rest of the page is left alone.

python setup/fidelity.py NAME    what comes on standard input becomes the part of that name
"""

from __future__ import annotations

import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs/fidelity.md"


def main(name: str, text: str) -> None:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    part = f"{begin}\n{text.strip()}\n{end}"
    PAGE.write_text(f"{before.rstrip()}\n\n{part}{after if found else chr(10)}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.read())
