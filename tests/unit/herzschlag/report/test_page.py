"""The page: complete, self-contained, true to the run directory, and safe whatever the run is called."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from herzschlag.history.records import SECOND, History, record
from herzschlag.report import ReportError, write_report
from herzschlag.report.cli import report
from herzschlag.report.page import draw
from herzschlag.report.reading import read_run
from herzschlag.report.summary import entry, times_s, write_summary
from herzschlag.report.tables import RECORDS_MAX
from herzschlag.running import which_run
from herzschlag.scenarios.from_toml import load, loads
from herzschlag.scenarios.to_toml import as_toml
from tests.support.reports import SITUATIONS, WRONG, folder, simulated, write_run

SIZE_MAX = 6_000_000
SUMMARY_MAX = 60_000
app = typer.Typer()
app.command()(report)


@cache
def run_of(name: str) -> Path:
    return simulated(name, folder("reports") / name)


@cache
def page_of(name: str) -> str:
    return draw(read_run(run_of(name)))


def without_plotly(page: str) -> str:
    return re.sub(r'<script type="text/plain" id="plotly">.*?</script>', "", page, flags=re.DOTALL)


class Outline(HTMLParser):
    """Ids, links, headings and tables of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.tables = self.captions = 0
        self.external: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if tag == "a" and "href" in given else []
        self.headings += [int(tag[1])] if re.fullmatch(r"h[1-6]", tag) else []
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.external += [given[name] or "" for name in ("src", "srcset", "data") if name in given]
        self.external += [given.get("href") or ""] if tag == "link" else []


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_link_leads_somewhere_and_every_table_says_what_it_is(name: str) -> None:
    outline = Outline(page_of(name))
    assert len(outline.ids) == len(set(outline.ids))
    assert [link for link in outline.links if not link.startswith("#") or link[1:] not in outline.ids] == []
    assert outline.tables == outline.captions
    assert outline.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))


@pytest.mark.parametrize("name", SITUATIONS)
def test_nothing_is_fetched_and_the_policy_forbids_it(name: str) -> None:
    page = without_plotly(page_of(name))
    assert Outline(page).external == []
    assert page.index("default-src 'none'") < page.index("<style>")
    assert re.findall(r"(?:https?:)?//(?!www\.w3\.org)[a-z]+\.[a-z]+|@import|url\(", page) == []


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_page_is_small_and_the_same_every_time(name: str) -> None:
    assert len(page_of(name).encode()) < SIZE_MAX
    assert draw(read_run(run_of(name))) == page_of(name)


def test_every_finding_and_instant_is_in_the_page() -> None:
    run = read_run(run_of("isolation"))
    page = page_of("isolation")
    for finding in run.file.findings:
        assert re.search(rf"<h[34]>{finding.checker}</h[34]>", page)
    assert len(run.file.instants) == 8
    for instant in run.file.instants:
        assert f"<th scope=row>{instant.name}</th>" in page
        assert f"{instant.measured_s:.3f} s" in page
    assert run.file.repeat in page


def test_of_a_run_that_holds_the_picture_comes_before_every_check() -> None:
    page = page_of("isolation")
    order = [page.index(part) for part in ('class="compact"', 'class="held"', 'id="stage"', 'id="timeline"')]
    assert order == sorted(order)
    assert 'class="finding violated"' not in page
    assert re.search(r"<summary>\d+ checks hold, \d+ had nothing to check</summary>", page)


def test_of_a_run_that_does_not_hold_only_what_is_wrong_is_on_top(tmp_path: Path) -> None:
    page = draw(read_run(simulated(loads(WRONG, "wrong"), tmp_path / "wrong")))
    order = [page.index(part) for part in ("<h3>expectations</h3>", 'class="judged"', 'class="held"')]
    assert order == sorted(order)
    assert re.search(r'<h3>expectations</h3><a class="button show" href="#r\d+">Show the instant</a>', page)
    assert re.search(r"<summary>\d+ other checks hold", page)


def test_times_count_from_the_first_fault_and_the_page_says_when_it_was() -> None:
    run = read_run(run_of("slave-failure"))
    page = page_of("slave-failure")
    assert '"begin":-24.01' in page
    assert re.search(r">T\+18</td><td class=num>T\+1[78]\.\d\d</td>", page)
    (down,) = run.history.where("host-state", node="host-99", host="host-98", to="hostDown")
    assert f"<tr id=r{down.seq} data-t=17.99" in page
    assert re.search(r"<b>\d+ [A-Z][a-z]+ \d{4}, \d\d:\d\d</b>", page)


def test_a_summary_leads_to_the_reports_and_each_of_them_back(tmp_path: Path) -> None:
    for name in ("normal", "slave-failure", "isolation"):
        simulated(name, tmp_path / name)
    assert CliRunner().invoke(app, [str(tmp_path)]).exit_code == 0
    middle = (tmp_path / "normal" / "report.html").read_text()
    around = re.findall(
        r'<a href="([^"]*)">([^<]*)</a>', middle[middle.index("<!--neighbours-->") :].split("</nav>")[0]
    )
    assert ("../summary.html", "3 runs") in around
    assert all((tmp_path / "normal" / href).resolve().is_file() for href, _ in around)
    assert len(around) == 3


def test_names_of_a_run_are_shown_and_never_interpreted(tmp_path: Path) -> None:
    """A scenario from anywhere may be run; its report is opened in a browser."""
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    scenario = msgspec.structs.replace(load("slave-failure"), title=evil, name="evil")
    directory = simulated(scenario, tmp_path / "evil")
    file = msgspec.json.decode((directory / "run.json").read_bytes())
    file |= {"because": evil, "repeat": evil, "versions": {evil: evil}}
    file["findings"][0]["because"] = evil
    (directory / "run.json").write_bytes(msgspec.json.encode(file))
    lines = (directory / "history.jsonl").read_text().replace("a user asked", evil.replace('"', "'"))
    (directory / "history.jsonl").write_text(lines)
    page = without_plotly(draw(read_run(directory)))
    assert "alert(1)" in page
    assert "<img" not in page
    assert "<script>alert" not in page


def test_a_long_history_keeps_all_records_that_findings_cite(tmp_path: Path) -> None:
    run = read_run(run_of("slave-failure"))
    noise = [
        record(at, "host-98", "guest", {"vm": "vm-98-1", "to": "x", "because": "noise"})
        for at in range(0, 3 * RECORDS_MAX * SECOND, SECOND)
    ]
    longer = History(
        [
            *run.history,
            *(
                msgspec.structs.replace(n, at_ns=run.history.end_ns, seq=len(run.history) + i)
                for i, n in enumerate(noise)
            ),
        ]
    )
    outline = Outline(without_plotly(draw(msgspec.structs.replace(run, history=longer))))
    rows = [name for name in outline.ids if re.fullmatch(r"r\d+", name)]
    assert len(rows) <= RECORDS_MAX + 200
    assert [link for link in outline.links if link[1:] not in outline.ids] == []


def test_an_interrupted_run_is_drawn_and_says_so(tmp_path: Path) -> None:
    file = msgspec.json.decode((run_of("slave-failure") / "run.json").read_bytes())
    file |= {"status": "interrupted", "findings": [], "verdict": "unknown", "because": "KeyboardInterrupt"}
    half = History(list(read_run(run_of("slave-failure")).history)[:60])
    page = write_report(write_run(tmp_path / "half", file, half)).read_text()
    assert "The run is interrupted" in page
    assert "No checker has judged this run" in page


def test_a_scenario_of_another_version_is_not_an_obstacle(tmp_path: Path) -> None:
    file = msgspec.json.decode((run_of("normal") / "run.json").read_bytes()) | {"scenario_text": "future = 1", "new": 2}
    page = draw(read_run(write_run(tmp_path / "other", file, read_run(run_of("normal")).history)))
    assert "cannot be read by this version" in page


def test_what_cannot_be_drawn_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="name the directory of a run"):
        write_report(tmp_path)
    still = write_run(tmp_path / "still", {"scenario": "x", "status": "running"}, None)
    with pytest.raises(ReportError, match="has not ended yet"):
        write_report(still)
    (still / "history.jsonl").write_text('{"at_ns": 1}\n')
    with pytest.raises(ReportError, match="damaged"):
        write_report(still)
    (still / "run.json").write_text("{")
    with pytest.raises(ReportError, match="not a run of a version"):
        write_report(still)


def test_a_damaged_capture_is_a_missing_one(tmp_path: Path) -> None:
    directory = simulated("normal", tmp_path / "normal")
    (directory / "capture.pcapng").write_bytes(b"not a capture")
    assert "The capture cannot be used" in draw(read_run(directory))


def test_the_summary_counts_verdicts_and_links_to_each_run() -> None:
    runs = [read_run(run_of(name)) for name in SITUATIONS]
    page = write_summary([entry(run) for run in runs], folder("reports") / "summary.html").read_text()
    outline = Outline(without_plotly(page))
    assert outline.links == ["#runs", *(f"{name}/report.html" for name in SITUATIONS)]
    assert "5 runs: 5 hold" in page
    assert all(run.file.title in page for run in runs)
    assert len(page) < SUMMARY_MAX
    assert outline.tables == outline.captions
    detection, failover = times_s(read_run(run_of("slave-failure")).history)
    assert detection == pytest.approx(18, abs=0.2)
    assert failover == pytest.approx(19, abs=1)
    assert times_s(read_run(run_of("normal")).history) == (None, None)


def test_the_command_draws_runs_and_folders_of_runs(tmp_path: Path) -> None:
    for name in ("normal", "slave-failure"):
        simulated(name, tmp_path / name)
    done = CliRunner().invoke(app, [str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in tmp_path.glob("**/*.html")) == ["report.html", "report.html", "summary.html"]
    one = CliRunner().invoke(app, [str(tmp_path / "normal")])
    assert one.output.splitlines() == [str(tmp_path / "normal" / "report.html")]
    assert which_run.of_all([tmp_path, tmp_path / "normal"]) == [tmp_path / "normal", tmp_path / "slave-failure"]


@pytest.mark.parametrize("name", ["missing", "."])
def test_wrong_input_is_one_message_and_status_2(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [str(tmp_path / name)])
    assert done.exit_code == 2
    assert len(done.output.strip().splitlines()) == 1
    assert "as `herzschlag run` prints it" in done.output


def test_one_bad_run_does_not_spoil_the_others(tmp_path: Path) -> None:
    simulated("normal", tmp_path / "normal")
    write_run(tmp_path / "bad", {"scenario": "x", "status": "running"}, None)
    done = CliRunner().invoke(app, [str(tmp_path)])
    assert done.exit_code == 2
    assert (tmp_path / "normal" / "report.html").is_file()
    assert "has not ended yet" in done.output


def test_an_expectation_of_the_authors_own_is_not_called_published(tmp_path: Path) -> None:
    given = load("slave-failure")
    first, *rest = given.expect.instant
    own = msgspec.structs.replace(first, source="own", published_s=None, expected_s=first.published_s)
    for instants, heading in (((own,), "Expected"), ((own, *rest), "Expected or published"), ((*rest,), "Published")):
        expect = msgspec.structs.replace(given.expect, instant=instants)
        directory = tmp_path / heading
        page = draw(
            read_run(
                simulated(
                    msgspec.structs.replace(
                        given, expect=expect, text=as_toml(msgspec.structs.replace(given, expect=expect))
                    ),
                    directory,
                )
            )
        )
        assert f">{heading} against measured</h2>" in page
        assert f"<th scope=col class=num>{heading}<th" in page
