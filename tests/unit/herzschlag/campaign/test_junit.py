"""JUnit XML: every run is a test, and none that proved nothing is a pass."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from herzschlag.campaign.junit import write_junit
from tests.unit.herzschlag.campaign.campaigns import campaign, cell, played


def test_each_verdict_has_its_element(tmp_path: Path) -> None:
    cells = [cell(seed) for seed in range(5)]
    runs = [
        played(cells[0]),
        played(cells[1], "violated", because="one-writer: \x01 two wrote"),
        played(cells[2], "unknown"),
        played(cells[3], "unknown", status="failed"),
    ]
    path = write_junit(campaign(*cells), {run.cell.name: run for run in runs}, tmp_path / "junit.xml")
    top = ElementTree.parse(path).getroot()
    told = {name: top.attrib[name] for name in ("tests", "failures", "errors", "skipped", "time")}
    assert told == {"tests": "5", "failures": "1", "errors": "2", "skipped": "1", "time": "8.000"}
    tags = [[child.tag for child in case] for case in top.iter("testcase")]
    assert tags == [[], ["failure"], ["error"], ["error"], ["skipped"]]
    (failure,) = top.iter("failure")
    assert failure.attrib["message"] == "one-writer: \ufffd two wrote", "XML cannot hold that letter"
    assert "again: herzschlag run normal" in str(failure.text)


def test_each_case_is_a_suite(tmp_path: Path) -> None:
    of = campaign(cell(0), cell(1), cell(0, backend="mininet"))
    top = ElementTree.parse(write_junit(of, {}, tmp_path / "junit.xml")).getroot()
    assert [(suite.attrib["name"], suite.attrib["tests"]) for suite in top] == [
        ("normal simulation x10", "2"),
        ("normal mininet x10", "1"),
    ]
