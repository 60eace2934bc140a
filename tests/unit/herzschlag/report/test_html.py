"""The frame of a page."""

from __future__ import annotations

from herzschlag.report.html import POLICY, SCRIPTS, embedded, head, script, static


def test_the_scripts_of_a_page_are_one_without_imports() -> None:
    whole = script()
    assert "\nimport " not in whole
    assert "\nexport " not in whole
    assert all(static(name).splitlines()[0] in whole for name in SCRIPTS)
    assert whole.index("function createCluster") < whole.index("function follow")


def test_data_cannot_end_its_element() -> None:
    assert "</script>" not in embedded({"name": "</script><b>"})


def test_a_page_forbids_to_fetch_before_anything_else() -> None:
    page = head("<x>", "report.css")
    assert page.index(POLICY) < page.index("<style>")
    assert "<title>&lt;x&gt;</title>" in page
