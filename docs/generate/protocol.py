"""Writes docs/protocol.md: its text from the template, its tables from the code that uses them.

python docs/generate/protocol.py            write the page
python docs/generate/protocol.py --check    exit 1 if the page is not what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

from herzschlag.agents.protocol.format import wire_table
from herzschlag.agents.settings import PROFILES, SECOND, Timers
from herzschlag.agents.states import ROLE_CHANGES
from herzschlag.history.kinds import field_docs
from herzschlag.sources.documents import linked

DOCS = Path(__file__).resolve().parents[1]


def duration(value: int | tuple[int, ...]) -> str:
    if isinstance(value, tuple):
        return ", ".join(duration(each) for each in value)
    seconds = value / SECOND
    return f"{seconds / 60:g} min" if seconds >= 600 else f"{seconds:g} s"


def timers() -> str:
    texts = field_docs(Timers)
    base, old = PROFILES["vsphere-5.1"], PROFILES["vsphere-5.0"]
    lines = ["| Timer | Value | Meaning and source | 5.0 |", "|---|---|---|---|"]
    for name in Timers.__struct_fields__:
        value, before = getattr(base, name), getattr(old, name)
        other = duration(before) if before != value else ""
        lines.append(f"| `{name.removesuffix('_ns')}` | {duration(value)} | {linked(texts[name])} | {other} |")
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
