"""What is redrawn while something goes on: on a terminal a picture of rows, in a pipe its title once, then lines.

This module decides the beginning and the end of it, which are the same for runs and for campaigns; the rows and lines
are theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live


class Redrawn:
    """A context in which a terminal shows the picture; it is gone afterwards. `silent`: nothing is written."""

    def __init__(
        self,
        console: Console,
        title: str,
        picture: Callable[[], RenderableType],
        per_second: int,
        *,
        silent: bool = False,
    ) -> None:
        self._console = console
        self._title = title
        self._picture = picture
        self._per_second = per_second
        self._silent = silent
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._silent:
            return self
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._picture, console=self._console, refresh_per_second=self._per_second, transient=True
            )
            self._live.start(refresh=True)
        else:
            self._console.print(self._title, soft_wrap=True, markup=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        if self._live is not None:
            self._live.stop()
