"""The command `herzschlag campaign`: a matrix of runs on the processors of this machine, or of many.

This module decides what a user sees of a campaign and when its pages are written: also when it is interrupted, so that
they say how far it is. It needs the extra `campaign` (Dask), which is imported when the command is called.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from herzschlag import failure
from herzschlag.checkers import checkers
from herzschlag.checkers.verdict import worst
from herzschlag.exit_status import CANNOT_RUN, INTERRUPTED, WRONG_INPUT
from herzschlag.fidelity import kept
from herzschlag.languages import N_, N_pair, gettext, ngettext
from herzschlag.languages.option import LangOption
from herzschlag.languages.reasons import reason
from herzschlag.languages.refusals import told
from herzschlag.report.page import draw_and_write
from herzschlag.report.reading import ReportError, read_run
from herzschlag.running.run_file import LOG_FOLDER, exit_status
from herzschlag.running.which_run import RUNS
from herzschlag.scenarios.from_toml import ScenarioError
from herzschlag.terminal.lines import line, write
from herzschlag.terminal.links import link
from herzschlag.terminal.marks import DIM, STYLES, sign
from herzschlag.wrong_input import InputError

if TYPE_CHECKING:
    from herzschlag.campaign.folder import Folder, Played
    from herzschlag.campaign.matrix import Campaign

MOST_JOBS = 64
DRAWN_MAX = 50
"""Reports of single runs that a campaign draws: of those that do not hold, that are outliers or that do not repeat."""
TOLD_MAX = 20
"""Causes of runs that do not hold, each said once for its case."""
out = Console(highlight=False)


def campaign_command(  # noqa: PLR0917 (Typer calls it by name)
    file: Annotated[Path, typer.Argument(help="The campaign file (TOML).")],
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of a Dask scheduler. Default: workers on this machine.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Workers on this machine. Default: one a processor, or as many labs as were measured.",
            min=1,
            max=MOST_JOBS,
        ),
    ] = None,
    out_directory: Annotated[
        Path | None, typer.Option("--out", help="Directory of the campaign. Default: its name, in runs/.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    draw: Annotated[
        bool,
        typer.Option("--report/--no-report", help="Draw reports of runs that do not hold or repeat, and of outliers."),
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what does not hold, and a last line.")] = False,
    lang: LangOption = None,
) -> None:
    """Play a matrix of runs, here or on many machines, and judge them together.

    Called again, it goes on: a run that is complete in its directory is not played again. Exit status as of `herzschlag
    run`; 4 also where the scheduler is gone before all runs were played.

    Example: herzschlag campaign nightly.toml --jobs 4
    """
    del lang  # its callback has chosen the language
    try:
        from herzschlag.campaign import board, course, crew, folder, matrix  # noqa: PLC0415
    except ImportError as error:
        _fail(f"{error.name} is missing: pip install 'herzschlag[campaign]'", CANNOT_RUN)
    if scheduler is not None and jobs is not None:
        _fail("--jobs is for workers on this machine: with --scheduler, start the workers there", WRONG_INPUT)
    played: dict[str, Played] = {}
    try:
        checkers()
        campaign = matrix.load_campaign(file)
        place = out_directory or RUNS / campaign.name
        workers = jobs or _workers(campaign)
        where = ngettext("{number} worker", "{number} workers", workers)
        if scheduler:
            where = gettext("scheduler {address}", address=scheduler)
        runs = ngettext("{number} run", "{number} runs", len(campaign.cells))
        title = gettext("Herzschlag  campaign {name}: {runs}, {where}", name=campaign.name, runs=runs, where=where)
        with folder.open_folder(place, campaign) as kept:
            try:
                with board.Board(out, title, len(campaign.cells), silent=as_json or quiet) as shown:
                    played |= course.begin(kept, shown)
                    if len(played) < len(campaign.cells):
                        with crew.crew(scheduler, workers) as team:
                            course.go_on(campaign, kept, team, shown, played)
            finally:
                troubles = list(_pages(campaign, kept, played, draw=draw)) if played else []
            _tell(campaign, kept, played, as_json=as_json)
    except KeyboardInterrupt:
        runs = ngettext("{number} run", "{number} runs", len(played))
        _fail(gettext("interrupted after {runs}; the same command goes on", runs=runs), INTERRUPTED)
    except crew.SchedulerGone as error:
        runs = ngettext("{number} run", "{number} runs", len(played))
        said = N_("{why}; {runs} are kept, and the same command goes on")
        _fail(gettext(said, why=told(str(error)), runs=runs), CANNOT_RUN)
    except (ScenarioError, InputError) as error:
        _fail(str(error), WRONG_INPUT)
    for trouble in troubles:
        typer.echo(f"herzschlag campaign: {told(trouble)}", err=True)
    raise typer.Exit(exit_status((run.entry.file for run in played.values()), failed=bool(troubles)))


def _pages(campaign: Campaign, folder: Folder, played: Mapping[str, Played], *, draw: bool) -> Iterator[str]:
    """Write everything that is drawn of the runs; what could not be."""
    from herzschlag.campaign import junit, page, statistics  # noqa: PLC0415

    runs = list(played.values())
    to_draw = {run.cell.name: run for run in runs if run.entry.file.verdict != "holds"}
    to_draw |= {one.run.cell.name: one.run for one in statistics.outliers(runs)}
    to_draw |= {run.cell.name: run for one in statistics.unsteady(runs) for run in one.runs}
    for run in list(to_draw.values())[: DRAWN_MAX if draw else 0]:
        try:
            draw_and_write(read_run(run.entry.directory))
        except ReportError:
            continue  # a run that never began has no history
        except Exception as error:
            yield f"{run.cell.name}: its report failed: {failure.line(error, run.entry.directory / LOG_FOLDER)}"
    try:
        page.write_page(runs, len(campaign.cells), folder.path / page.PAGE_FILE)
        junit.write_junit(campaign, played, folder.path / junit.JUNIT_FILE)
    except OSError as error:
        yield f"{error.filename}: {error.strerror}"


def _tell(campaign: Campaign, folder: Folder, played: Mapping[str, Played], *, as_json: bool) -> None:
    from herzschlag.campaign import page, statistics  # noqa: PLC0415

    files = [run.entry.file for run in played.values()]
    verdict = worst(file.verdict for file in files)
    if as_json:
        told = [{"name": name, **run.entry.file.for_json()} for name, run in sorted(played.items())]
        sys.stdout.write(json.dumps({"verdict": verdict, "runs": told}, indent=2) + "\n")
        return
    causes: dict[tuple[str, str], list[Played]] = {}
    for _, run in sorted(played.items()):
        if run.entry.file.verdict != "holds":
            causes.setdefault((run.cell.case, run.entry.file.because), []).append(run)
    for (case, because), runs in list(causes.items())[:TOLD_MAX]:
        mark = sign(runs[0].entry.file.verdict if runs[0].complete else "nothing")
        name = runs[0].cell.name
        if len(runs) > 1:
            name = f"{case}, {ngettext('{number} run', '{number} runs', len(runs))}"
        write(out, [line("  ", mark, f" {name}  {reason(because)}", hang=4)])
    if len(causes) > TOLD_MAX:
        write(out, [line(f"    {gettext('and {number} more causes', number=len(causes) - TOLD_MAX)}", hang=4)])
    counts = Counter(file.verdict for file in files)
    parts = [gettext("{number} of {all} hold", number=counts["holds"], all=len(campaign.cells))]
    parts += [f"{counts[other]} {gettext(other)}" for other in ("violated", "unknown") if counts[other]]
    again = statistics.unsteady(played.values())
    far = statistics.outliers(played.values())
    parts += [gettext("{number} do not repeat", number=len(again))] if again else []
    parts += [ngettext("{number} outlier", "{number} outliers", len(far))] if far else []
    write(out, [line("  ", (", ".join(parts), STYLES[verdict]), hang=4)])
    if (strangers := _strangers(campaign, folder)) != 0:
        said = N_pair(
            "{number} directory there that the campaign file no longer asks for",
            "{number} directories there that the campaign file no longer asks for",
        )
        write(out, [line(f"  {ngettext(*said, strangers)}", hang=4)])
    where = line("  ", (f"{gettext('look'):<9}", DIM))
    where.text.append_text(link(out, folder.path / page.PAGE_FILE))
    write(out, [where])


def _workers(campaign: Campaign) -> int:
    """One a processor; where it was measured, as many labs as this machine can handle at once at the
    campaign's highest speed."""
    fastest = max((cell.speed for cell in campaign.cells if cell.backend == "mininet"), default=None)
    measured = kept.read()
    labs = measured.labs_at(fastest) if measured is not None and fastest is not None else None
    return labs or kept.processors()


def _strangers(campaign: Campaign, folder: Folder) -> int:
    from herzschlag.campaign.folder import strangers  # noqa: PLC0415

    return len(strangers(folder, campaign.cells))


def _fail(text: str, status: int) -> NoReturn:
    typer.echo(f"herzschlag campaign: {told(text)}", err=True)
    raise typer.Exit(status)
