"""What a source text names is found: documents by their keys, sections of the fact sheet by their numbers."""

import re
from pathlib import Path

import pytest

from herzschlag.scenarios.from_toml import load_family, shipped
from herzschlag.sources.documents import documents, linked, pieces, unknown_keys

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs/sources.md").read_text()
SHIPPED_SOURCES = sorted(
    {item.source for name in shipped() for scenario in load_family(name) for item in scenario.expect.instant}
)


@pytest.mark.parametrize(
    ("text", "keys", "sections"),
    [
        ("1.1 [DD-R] figure 18", ["DD-R"], ["1.1"]),
        ("0, 4 [DD-F] [YB-LOG]", ["DD-F", "YB-LOG"], ["0", "4"]),
        ("1.5; 4 [DD-F]: 98 beats 100", ["DD-F"], ["1.5", "4"]),
        ("section 11, case 7 [DD-S] [NTAP]; time [DD-R]", ["DD-S", "NTAP", "DD-R"], ["11"]),
        ("1.5: T15/T18", [], ["1.5"]),
        ("our own rule [MINE]", [], []),
    ],
)
def test_documents_and_sections_are_found(text: str, keys: list[str], sections: list[str]) -> None:
    found = list(pieces(text))
    assert [p.key for p in found if p.key] == keys
    assert [p.section for p in found if p.section] == sections
    assert "".join(p.text for p in found) == text


def test_a_link_leads_to_the_document_and_to_the_section() -> None:
    assert linked("1.1 [DD-R]") == r"[1.1](sources.md#s1.1) [\[DD-R\]](sources.md#dd-r)"


@pytest.mark.parametrize("source", SHIPPED_SOURCES)
def test_what_a_shipped_expectation_names_stands_in_the_fact_sheet(source: str) -> None:
    assert unknown_keys(source) == []
    for target in re.findall(r"\(sources\.md#([^)]+)\)", linked(source)):
        assert f'<a id="{target}"></a>' in PAGE


def test_every_document_says_what_was_taken_from_it() -> None:
    assert len(documents()) > 70
    for key, document in documents().items():
        assert document.title and document.says and document.year, key
