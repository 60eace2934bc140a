"""The command `explore`: random fault schedules in virtual time until one breaks a rule, that one made short.

This module decides what a user types and sees. It leaves the search to `herzschlag/exploration`.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from herzschlag.backends.names import BackendName
from herzschlag.cli import durations
from herzschlag.cli.ending import fail
from herzschlag.errors import UnusableMachine
from herzschlag.exit_status import CANNOT_RUN, HOLDS, INTERRUPTED, VIOLATED, WRONG_INPUT
from herzschlag.exploration import coverage
from herzschlag.exploration.drawing import KINDS
from herzschlag.history.fault_words import in_words
from herzschlag.languages import N_, gettext, number
from herzschlag.languages.option import LangOption
from herzschlag.languages.reasons import reason
from herzschlag.report.cli import draw_all
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load
from herzschlag.wrong_input import nearest

if TYPE_CHECKING:
    from herzschlag.exploration import exploring
    from herzschlag.exploration.exploring import Progress
    from herzschlag.exploration.found import Keeper
    from herzschlag.scenarios.model import Scenario

MOST_JOBS = 64
EVERY_S = 10.0
"""How often a line of progress is written."""
CONFIRM_SPEED = 10.0

out = Console(highlight=False)


class ProfileName(StrEnum):
    """Choices of --profile."""

    vsphere_51 = "vsphere-5.1"
    vsphere_50 = "vsphere-5.0"


def explore_command(  # noqa: PLR0917 (Typer calls it by name)
    hosts: Annotated[str, typer.Option(help="How many hosts, at least and at most.", metavar="N-M")] = "3-8",
    faults: Annotated[str, typer.Option(help="How many faults.", metavar="N-M")] = "1-6",
    for_time: Annotated[str, typer.Option("--time", help="How long: 30s, 10m, 2h.")] = "10m",
    seed: Annotated[int, typer.Option(help="For every choice.", min=0)] = 0,
    jobs: Annotated[
        int | None, typer.Option(help="Processes that search. Default: 1.", min=1, max=MOST_JOBS, show_default=False)
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of a Dask scheduler, whose workers search.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this kind of fault; may be repeated.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="Not this kind of fault; may be repeated.")] = None,
    profile: Annotated[ProfileName, typer.Option(help="Timers of this release.")] = ProfileName.vsphere_51,
    corpus: Annotated[Path, typer.Option(help="What was seen, kept between calls.")] = Path("explored"),
    found: Annotated[Path, typer.Option(help="Where what breaks a rule is written.")] = Path("found"),
    confirm: Annotated[bool, typer.Option(help="Play what was found on real packets as well.")] = True,
    lang: LangOption = None,
) -> None:
    """Search for the fault schedule that breaks a rule.

    Draws schedules at random, plays each in virtual time, and judges it by every checker and by whether the cluster is
    whole again in the end. What breaks a rule is made as short as it can be, and written as a scenario and a test.

    Exit status 0: no schedule broke a rule; 1: one did; 2: wrong usage; 4: the extra `explore` is missing (or
    `campaign`, for --scheduler), or the scheduler or its workers are gone.

    Example: herzschlag explore --time 10m --hosts 3-4

    Example: herzschlag explore --only isolate --only storage --jobs 2

    Example: herzschlag explore --time 2h --scheduler tcp://127.0.0.1:8786
    """
    del lang  # its callback has chosen the language
    try:
        from herzschlag.exploration import exploring  # noqa: PLC0415 (Hypothesis is an extra)
        from herzschlag.exploration import found as finds  # noqa: PLC0415
    except ModuleNotFoundError as error:
        fail(f"explore: {error.name} is missing: pip install 'herzschlag[explore]'", CANNOT_RUN)
    if scheduler is not None and jobs is not None:
        fail("--jobs is for processes on this machine: with --scheduler, start the workers there", WRONG_INPUT)
    wish = exploring.Wish(
        kinds=_kinds(only or (), without or ()),
        hosts=_range("--hosts", hosts, 2, 16),
        faults=_range("--faults", faults, 1, 20),
        for_s=durations.seconds(for_time),
        seed=seed,
        jobs=jobs or 1,
        profile=profile.value,
    )
    kept = exploring.Corpus(corpus)
    try:
        kept.read()
    except (OSError, ValueError) as error:
        fail(f"--corpus {corpus}: {error}: name another folder, or remove it", WRONG_INPUT)
    keeper = finds.Keeper(found)
    line = _Line(kept, keeper)
    interrupted, broken = False, ""
    progress = exploring.Progress(violations=[])
    try:
        with _pool(scheduler) as pool:
            progress = exploring.explore(wish, kept, line, pool)
    except KeyboardInterrupt:
        interrupted, progress = True, line.last or progress
    except UnusableMachine as error:
        broken, progress = str(error), line.last or progress
    kept.write()
    page = corpus / "exercised.md"
    page.write_text(coverage.page(kept.counts, kept.plays), encoding="utf-8")
    line.tell(progress)
    keeper.keep(progress.violations)
    for scenario, files in keeper.written:
        _found(scenario, scenario.about)
        _under("", f"{files.scenario}, {files.test}")
        _play_again(files.scenario, found, "simulation")
        if confirm and not interrupted:
            _play_again(files.scenario, found, "mininet")
        _under(gettext("again"), f"herzschlag run {files.scenario} --backend simulation")
    said = gettext("What was exercised and what never: {page}", page=page)
    out.print(said, markup=False, soft_wrap=True)
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    if broken:
        fail(f"{broken}; what was found until then is kept", CANNOT_RUN)
    raise typer.Exit(VIOLATED if progress.violations else HOLDS)


@contextlib.contextmanager
def _pool(scheduler: str | None) -> Iterator[exploring.Pool | None]:
    """The workers of a scheduler. None: this machine's processes."""
    if scheduler is None:
        yield None
        return
    try:
        from herzschlag.campaign.crew import searchers  # noqa: PLC0415 (Dask is an extra)
    except ImportError as error:
        fail(f"--scheduler: {error.name} is missing: pip install 'herzschlag[campaign]'", CANNOT_RUN)
    with searchers(scheduler) as found:
        yield found


class _Line:
    """A line of progress, now and then. What was found is written at once, what was seen with each line."""

    def __init__(self, kept: exploring.Corpus, keeper: Keeper) -> None:
        self._kept = kept
        self._keeper = keeper
        self._told_s = time.monotonic()
        self.last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        self.last = progress
        self._keeper.keep(progress.violations)
        if time.monotonic() - self._told_s >= EVERY_S:
            self._told_s = time.monotonic()
            self.tell(progress)
            self._kept.write()

    def tell(self, progress: Progress) -> None:
        rate = progress.plays / progress.took_s if progress.took_s else 0.0
        counts = self._kept.counts
        again = gettext(" ({number} of them kept by earlier searches)", number=progress.replayed)
        said = N_(
            "{plays} schedules{again}, {rate} a second; {situations} situations ({new} new), {pairs} pairs of changes; "
            "{found} found"
        )
        values = {
            "plays": progress.plays,
            "again": again if progress.replayed else "",
            "rate": number(rate, ".1f"),
            "situations": coverage.situations(counts),
            "new": progress.new_situations,
            "pairs": coverage.pairs(counts),
            "found": len(progress.violations),
        }
        out.print(f"{progress.took_s:6.0f} s  {gettext(said, **values)}", markup=False, soft_wrap=True)


def _under(what: str, text: str) -> None:
    width = max(map(len, (gettext("found"), gettext("again")))) + 2
    out.print(f"{what:<{width}}{text}", markup=False, soft_wrap=True)


def _found(scenario: Scenario, because: str) -> None:
    _under(gettext("found"), reason(because))
    for step in scenario.steps:
        said = N_("at {at} s: {fault}") if step.for_s is None else N_("at {at} s for {length} s: {fault}")
        values = {"at": number(step.at_s), "length": number(step.for_s or 0), "fault": in_words(step.fault)}
        _under("", gettext(said, **values))


def _play_again(file: Path, folder: Path, backend: BackendName) -> None:
    """Play what was found with its own run directory and report; say what came of it."""
    directory = folder / f"{file.stem}-{backend}"
    if directory.exists():
        return
    scenario = load(str(file))
    report = run(
        RunRequest(scenario=scenario, backend=backend, speed=CONFIRM_SPEED, seed=0, directory=directory), lambda _: None
    )
    if report.status == "unavailable":
        _under("", gettext("not on real packets here: {why}", why=reason(report.because)))
        return
    draw_all([directory])
    said = (
        N_("in virtual time: {verdict} ({page})")
        if backend == "simulation"
        else N_("on real packets: {verdict} ({page})")
    )
    _under("", gettext(said, verdict=gettext(report.verdict), page=directory / "report.html"))


def _kinds(only: list[str] | tuple[str, ...], without: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    for option, names in (("--only", only), ("--without", without)):
        for name in names:
            if name not in KINDS:
                fail(f"{option} {name!r} is not a kind of fault: {nearest(name, list(KINDS))}", WRONG_INPUT)
    left = tuple(kind for kind in KINDS if (not only or kind in only) and kind not in without)
    if not left:
        fail("explore: --only and --without leave no kind of fault", WRONG_INPUT)
    return left


def _range(option: str, text: str, least: int, most: int) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", text)
    low, high = (int(found[1]), int(found[2] or found[1])) if found is not None else (0, 0)
    if least <= low <= high <= most:
        return low, high
    return fail(f"{option} {text!r}: a number or two, from {least} to {most}, e.g. {least}-{least + 2}", WRONG_INPUT)
