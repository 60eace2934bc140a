"""Writes docs/protocol.md: its text from the template, its tables from the code that uses them.

python docs/generate/protocol.py            write the page
python docs/generate/protocol.py --check    exit 1 if the page is not what would be written
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

from herzschlag.agents.protocol.format import wire_table
from herzschlag.agents.settings import PROFILES, SECOND, Timers
from herzschlag.agents.states import ROLE_CHANGES

DOCS = Path(__file__).resolve().parents[1]


def duration(value: int | tuple[int, ...]) -> str:
    if isinstance(value, tuple):
        return ", ".join(duration(each) for each in value)
    seconds = value / SECOND
    return f"{seconds / 60:g} min" if seconds >= 600 else f"{seconds:g} s"


def field_docs(cls: type) -> dict[str, str]:
    """Field to the text below it in the source."""
    (tree,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            assert isinstance(text.value, ast.Constant)
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


def timers() -> str:
    texts = field_docs(Timers)
    base, old = PROFILES["vsphere-5.1"], PROFILES["vsphere-5.0"]
    lines = ["| Timer | Value | Meaning and source | 5.0 |", "|---|---|---|---|"]
    for name in Timers.__struct_fields__:
        value, before = getattr(base, name), getattr(old, name)
        other = duration(before) if before != value else ""
        lines.append(f"| `{name.removesuffix('_ns')}` | {duration(value)} | {texts[name]} | {other} |")
    return "\n".join(lines)


def roles() -> str:
    lines = ["| From | To | When |", "|---|---|---|"]
    lines += [f"| {a} | {b} | {why} |" for a, targets in ROLE_CHANGES.items() for b, why in targets.items()]
    return "\n".join(lines)


def page() -> str:
    text = (DOCS / "protocol.template.md").read_text()
    for mark, table in {"timers": timers(), "roles": roles(), "wire": wire_table()}.items():
        assert f"<!-- {mark} -->" in text, f"protocol.template.md lacks <!-- {mark} -->"
        text = text.replace(f"<!-- {mark} -->", table)
    return text.rstrip() + "\n"


def main() -> int:
    target = DOCS / "protocol.md"
    if "--check" in sys.argv:
        return 0 if target.exists() and target.read_text() == page() else 1
    target.write_text(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
