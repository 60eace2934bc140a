"""The gallery: the report of every shipped scenario, in both languages, to be opened without installing anything.

Runs lie in build/gallery. `make gallery` plays them on real packets; what is missing then, `make site` plays in virtual
time. The page says which is which, and when it was played.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from herzschlag.languages import ENGLISH, Language, gettext, number, speaking
from herzschlag.languages.titles import title as scenario_title
from herzschlag.lesson.chapter import chapters
from herzschlag.report.page import draw
from herzschlag.report.reading import REPORT_FILE, read_run
from herzschlag.running.run_file import RUN_FILE, RunReport, read_report
from herzschlag.scenarios.from_toml import load_family, shipped

COURSE = Path(__file__).parents[1] / "lesson"
SITUATIONS = ("normal", "slave-failure", "master-failure", "isolation", "partition")
REAL, VIRTUAL = "mininet", "simulation"
Found = dict[str, tuple[RunReport, Path]]
"""Scenario to its run and the directory of that."""


class Words(NamedTuple):
    """What the page says in one language, beside texts of the catalogue."""

    folder: str
    """Of the reports, and the name of the page."""
    title: str
    about: str
    course: str
    situations: str
    cases: str
    others: str
    columns: tuple[str, ...]
    speed: str
    played: dict[str, str]


WORDS: dict[Language, Words] = {
    "en": Words(
        folder="gallery",
        title="Gallery",
        about="{number} runs, {real} of them on real packets, each as the report that `herzschlag run` leaves: one "
        "file, with the picture of the cluster at any instant, what was documented and what was measured, every "
        "decision with its reason. Nothing has to be installed to open them.",
        course="Runs of the course",
        situations="The five situations",
        cases="The cases",
        others="Other scenarios",
        columns=("Report", "What happens", "Verdict", "Instants", "Largest deviation", "Played in", "On"),
        speed="speed",
        played={REAL: "real packets", VIRTUAL: "virtual time"},
    ),
    "de": Words(
        folder="galerie",
        title="Galerie",
        about="{number} Läufe, davon {real} mit echten Paketen, jeder als der Bericht, den `herzschlag run` schreibt: "
        "eine Datei mit dem Bild des Clusters zu jedem Zeitpunkt, mit dem, was dokumentiert ist und was gemessen "
        "wurde, und mit jeder Entscheidung und ihrer Begründung. Um sie zu öffnen, muss nichts installiert werden.",
        course="Die Läufe des Lehrgangs",
        situations="Die fünf Situationen",
        cases="Die Fälle",
        others="Andere Szenarien",
        columns=("Bericht", "Was geschieht", "Urteil", "Zeitpunkte", "Größte Abweichung", "Gespielt", "Am"),
        speed="Tempo",
        played={REAL: "mit echten Paketen", VIRTUAL: "in virtueller Zeit"},
    ),
}


def names() -> list[str]:
    """Every scenario, each variant of a family by itself; the five situations first."""
    found = [scenario.name for name in shipped() for scenario in load_family(name)]
    return [*SITUATIONS, *sorted(set(found) - set(SITUATIONS))]


def play(runs: Path, wanted: Iterable[str], backend: str, jobs: int) -> None:
    """Play scenarios; their run directories, reports included, go below `runs`/backend.

    The status of `herzschlag run` is not heeded: the page shows every verdict as it is."""
    scenarios = list(wanted)
    if scenarios:
        command = [sys.executable, "-P", "-m", "herzschlag", "run", *scenarios, "--backend", backend, "--lang", "en"]
        subprocess.run(
            [*command, "--jobs", str(jobs), "--out", str(runs / backend)], check=False, stdout=subprocess.DEVNULL
        )


def played(runs: Path) -> Found:
    """Scenario to its run: the newest on real packets, else the newest in virtual time; only those with a report."""
    found: Found = {}
    for backend in (VIRTUAL, REAL):
        files = sorted((runs / backend).rglob(RUN_FILE), key=lambda file: file.stat().st_mtime)
        for file in files:
            report = read_report(file.parent)
            if report.status == "finished" and (file.parent / REPORT_FILE).exists():
                found[report.scenario] = (report, file.parent)
    return found


def reports(found: Found, target: Path) -> None:
    """The report of each run below `target`, in a folder for each language: in English as the run left it."""
    for language, words in WORDS.items():
        (target / words.folder).mkdir()
        for name, (_, run) in found.items():
            place = target / words.folder / f"{name}.html"
            if language == ENGLISH:
                shutil.copyfile(run / REPORT_FILE, place)
                continue
            with speaking(language):
                place.write_text(draw(read_run(run)), encoding="utf-8")


def page(found: Found, language: Language = ENGLISH) -> str:
    """The Markdown of the gallery; reports lie beside it in gallery/NAME.html, the German ones in galerie/."""
    words = WORDS[language]
    real = sum(report.backend == REAL for report, _ in found.values())
    with speaking(language):
        lines = [
            "---",
            "hide: [toc]",
            "---",
            "",
            f"# {words.title}",
            "",
            words.about.format(number=len(found), real=real),
            "",
            *_course(found, language),
            *_table(words.situations, [name for name in SITUATIONS if name in found], found, words),
            *_table(
                words.cases, [name for name in names() if name.startswith("case-") and name in found], found, words
            ),
            *_table(
                words.others,
                [n for n in names() if not n.startswith("case-") and n not in SITUATIONS and n in found],
                found,
                words,
            ),
        ]
    return "\n".join(lines) + "\n"


def _course(found: Found, language: Language) -> list[str]:
    """The runs of each chapter of the course, with a link to it."""
    words = WORDS[language]
    lines = [f"## {words.course}", ""]
    for chapter in chapters():
        (file,) = (COURSE / language).glob(f"{chapter.number}-*.md")
        runs = [name for name in dict.fromkeys(scene.scenario for scene in chapter.scene) if name in found]
        links = ", ".join(f"[{name}]({words.folder}/{name}.html)" for name in runs)
        title = f"[{chapter.number}. {chapter.title.told(language)}](lesson/{language}/{file.name})"
        lines += [f"- {title}: {links}"] if runs else []
    return [*lines, ""]


def _table(heading: str, scenarios: list[str], found: Found, words: Words) -> list[str]:
    if not scenarios:
        return []
    lines = [f"## {heading}", "", f"| {' | '.join(words.columns)} |", "|---|---|---|---:|---:|---|---|"]
    for name in scenarios:
        report, folder = found[name]
        off = [abs(d.deviation_s) for d in report.instants if d.deviation_s is not None]
        date = time.strftime("%Y-%m-%d", time.gmtime((folder / RUN_FILE).stat().st_mtime))
        day = f'<span class="day">{date}</span>'
        deviation = f"{number(max(off), '.2f')} s" if off else ""
        speed = f", {words.speed} {report.speed:g}" if report.backend == REAL else ""
        lines.append(
            f"| [{name}]({words.folder}/{name}.html) | {scenario_title(report.title).replace('|', '/')} | "
            f'<span class="{report.verdict}">{gettext(report.verdict)}</span> | {len(report.instants) or ""} | '
            f"{deviation} | {words.played[report.backend]}{speed} | {day} |"
        )
    return [*lines, ""]
