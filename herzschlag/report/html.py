"""The frame of a page: its head, its styles and scripts, and how Plotly travels.

This module decides that nothing is ever fetched (the content security policy allows inline code alone), and that Plotly
is packed, because that makes the file a third as large, and unpacked by the browser.
"""

from __future__ import annotations

import base64
import gzip
import re
from functools import cache
from html import escape
from importlib import resources
from typing import Any

import msgspec

from herzschlag.languages import current, for_scripts

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
HEART = '<svg viewBox="-10 -9 20 20" aria-hidden="true"><path d="M0-2.2C-2.6-7.6-9-5.6-8.4-.4-7.9 4-2.6 6.6 0 9.4 2.6 6.6 7.9 4 8.4-.4 9-5.6 2.6-7.6 0-2.2Z"/></svg>'
SCRIPTS = ("gettext.js", "cluster.js", "instants.js", "save.js", "picture.js", "figures.js", "records.js", "report.js")
"""In this order: later ones use what earlier ones define."""
_IMPORT_OR_EXPORT = re.compile(r"^(import .*|export \{.*\});\n", re.MULTILINE)


@cache
def static(name: str) -> str:
    return (resources.files("herzschlag.report") / "static" / name).read_text(encoding="utf-8")


@cache
def packed_plotly() -> str:
    """Plotly's own bundle, from the installed package."""
    plain = (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(plain, 9, mtime=0)).decode()


@cache
def script() -> str:
    """All modules as one: a single file cannot import another."""
    return "".join(_IMPORT_OR_EXPORT.sub("", static(name)) for name in SCRIPTS)


def texts_of_scripts() -> str:
    """The element from which `gettext.js` reads; empty for English, which the scripts have."""
    texts = for_scripts()
    return f'<script type="application/json" id="texts">{embedded(texts)}</script>' if texts else ""


def embedded(value: Any) -> str:
    """JSON that cannot end its script element, whatever names a run brings."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")


def head(title: str, *styles: str) -> str:
    return (
        f'<!doctype html><html lang="{current()}" data-theme="light"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{''.join(static(name) for name in styles)}</style>"
        "<script>document.documentElement.dataset.js='yes';if(matchMedia('(prefers-color-scheme: dark)').matches)document.documentElement.dataset.theme='dark'</script></head>"
    )
