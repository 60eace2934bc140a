"""A campaign as JUnit XML, which build servers read: a suite for each case, a test for each run.

This module decides what a run is there: violated is a failure; unknown, failed and unavailable are errors, because
nothing was shown; one that was not played is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from herzschlag.campaign.folder import Played
from herzschlag.campaign.matrix import Campaign
from herzschlag.history.records import write_whole

JUNIT_FILE = "junit.xml"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


def write_junit(campaign: Campaign, runs: Mapping[str, Played], path: Path) -> Path:
    """Write it; `runs` has those that were played, by name. Raises OSError."""
    top = Element("testsuites", name=campaign.name)
    suites: dict[str, Element] = {}
    for cell in campaign.cells:
        if cell.case not in suites:
            suites[cell.case] = SubElement(top, "testsuite", name=_plain(cell.case))
        case = SubElement(suites[cell.case], "testcase", classname=_plain(cell.scenario.name), name=_plain(cell.name))
        run = runs.get(cell.name)
        if run is None:
            SubElement(case, "skipped", message="not played yet")
            continue
        file = run.entry.file
        case.set("time", f"{run.delivery.took_s:.3f}")
        if file.verdict != "holds":
            said = SubElement(case, "failure" if file.verdict == "violated" else "error", type=file.verdict)
            said.set("message", _plain(file.because))
            said.text = _plain(f"{file.because}\nagain: {file.repeat}\nrun: {run.entry.directory}")
    for element in (*suites.values(), top):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(name, str(sum(1 for _ in element.iter(tag))))
        element.set("time", f"{sum(float(case.get('time', 0)) for case in element.iter('testcase')):.3f}")
    indent(top)
    write_whole(path, tostring(top, encoding="utf-8", xml_declaration=True) + b"\n")
    return path


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
