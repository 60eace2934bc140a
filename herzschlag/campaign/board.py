"""How far a campaign is: counts, pace and remaining time on a terminal; in a pipe, a line per run that arrived.

This module decides which figures are shown, and that pace counts runs of this command alone, not those that were there.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.text import Text

from herzschlag.campaign.crew import State
from herzschlag.campaign.folder import Played
from herzschlag.checkers.verdict import Mark
from herzschlag.languages import N_, N_pair, gettext, ngettext, number
from herzschlag.languages.reasons import reason
from herzschlag.terminal.marks import DIM, STYLES, sign
from herzschlag.terminal.redrawn import Redrawn

REFRESH_PER_S = 4
SHOWN_MAX = 6
"""Of the runs that do not hold, the latest."""
PACE_RUNS_MIN = 3
"""After fewer runs a pace says nothing."""
BAR_MAX = 60
WORDS: dict[Mark, str] = {
    "holds": N_("hold"),
    "violated": N_("violated"),
    "unknown": N_("unknown"),
    "nothing": N_("not played"),
}


class Board(Redrawn):
    def __init__(
        self,
        console: Console,
        title: str,
        number: int,
        *,
        silent: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(console, title, self.rows, REFRESH_PER_S, silent=silent)
        self._number = number
        self._clock = clock
        self._began_s = clock()
        self._counts: Counter[Mark] = Counter()
        self._there = 0
        self._wrong: deque[Text] = deque(maxlen=SHOWN_MAX)
        self._state = State()
        self._wait = ""

    def was_there(self, runs: int, counts: Counter[Mark]) -> None:
        """Runs of earlier commands."""
        self._there = runs
        self._counts += counts
        said = N_pair("{number} run of {all} there already", "{number} runs of {all} there already")
        self._say(Text(f"  {ngettext(*said, runs, all=self._number)}") if runs else None)

    def came(self, run: Played) -> None:
        mark: Mark = run.entry.file.verdict if run.complete else "nothing"
        self._counts[mark] += 1
        text = Text.assemble("  ", sign(mark), f" {run.cell.name}  {number(run.delivery.took_s, '.1f')} s")
        if mark != "holds":
            text.append(f"  {gettext(mark if run.complete else run.entry.file.status)}")
            self._wrong.append(Text.assemble(text, f": {reason(run.entry.file.because)}"))
        self._say(text)

    def now(self, state: State, wait: str) -> None:
        """`wait`: what the campaign waits for, if it does."""
        if wait and wait != self._wait:
            self._say(Text(f"  {gettext('waits: {what}', what=wait)}"))
        self._state, self._wait = state, wait

    def rows(self) -> RenderableType:
        bar = ProgressBar(total=self._number, completed=self._done, width=min(BAR_MAX, self._console.width - 4))
        wrong = [Text.assemble(text, no_wrap=True, overflow="ellipsis") for text in self._wrong]
        waits = [Text(f"  {gettext('waits: {what}', what=self._wait)}", style="yellow")] if self._wait else []
        return Group(
            Text(self._title, style="bold"), bar, self._counted(), Text(f"  {self.pace()}", style=DIM), *waits, *wrong
        )

    def pace(self) -> str:
        """Workers, runs an hour, and how long the rest will take."""
        state = self._state
        said = N_pair("{running} under way on {number} worker", "{running} under way on {number} workers")
        parts = [ngettext(*said, state.workers, running=state.under_way)]
        came = self._done - self._there
        if came >= PACE_RUNS_MIN:
            an_hour = came / max(self._clock() - self._began_s, 1e-9) * 3600
            left_min = (self._number - self._done) / an_hour * 60
            said_pace = N_("{runs} runs an hour, {minutes} min left")
            parts.append(gettext(said_pace, runs=f"{an_hour:,.0f}", minutes=f"{left_min:.0f}"))
        return ", ".join(parts)

    @property
    def _done(self) -> int:
        return sum(self._counts.values())

    def _counted(self) -> Text:
        text = Text(f"  {gettext('{number} of {all}', number=self._done, all=self._number)}")
        for mark, word in WORDS.items():
            if count := self._counts[mark]:
                text.append(f"  {count} {gettext(word)}", style=STYLES[mark])
        return text

    def _say(self, text: Text | None) -> None:
        if text is not None and not self._silent and not self._console.is_terminal:
            self._console.print(text, soft_wrap=True)
