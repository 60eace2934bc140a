"""Writes docs/sources.md: its text from the template, its list of documents from herzschlag/sources/documents.toml.

python docs/generate/sources.py            write the page
python docs/generate/sources.py --check    exit 1 if the page is not what would be written
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from herzschlag.sources.documents import Document, documents, linked

DOCS = Path(__file__).resolve().parents[1]
MARK = "<!-- documents -->"


def entry(key: str, document: Document) -> str:
    where = f"<{document.address}>" if re.fullmatch(r"https?://\S+", document.address) else document.address
    excerpt = " *Excerpt.*" if document.excerpt else ""
    name = f'<a id="{key.lower()}"></a>**{key}** *{document.title}.*'
    return f"- {name} {document.author}, {document.year}. {where}.{excerpt} Says: {document.says}."


def page() -> str:
    text = (DOCS / "sources.template.md").read_text()
    assert MARK in text, f"sources.template.md lacks {MARK}"
    head, _, rest = text.partition("## What is known")
    lines = [keys_linked(line) for line in rest.splitlines()]
    entries = "\n".join(entry(key, document) for key, document in documents().items())
    return (head + "## What is known" + "\n".join(lines).replace(MARK, entries)).rstrip() + "\n"


def keys_linked(line: str) -> str:
    """Keys become links; numbers in the running text stay as they are."""
    return re.sub(r"\[[A-Z][A-Z0-9-]*\]", lambda m: linked(m[0], page=""), line)


def main() -> int:
    target = DOCS / "sources.md"
    if "--check" in sys.argv:
        return 0 if target.exists() and target.read_text() == page() else 1
    target.write_text(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
