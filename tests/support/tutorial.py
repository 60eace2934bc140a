"""The examples of docs/testing.md as files: a Python block that begins with `# name.py` is that file."""

from __future__ import annotations

import re
from pathlib import Path

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "testing.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# (?P<name>[\w]+\.py)\n")


def files() -> dict[str, str]:
    """Each file's name with its code; a block without a name is `script.py`."""
    found = {}
    for code in _BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        named = _NAME.match(code)
        found[named["name"] if named else "script.py"] = code
    return found


def write(folder: Path) -> None:
    for name, code in files().items():
        (folder / name).write_text(code, encoding="utf-8")
