"""The command `herzschlag lesson`: a chapter of the course in the browser, with links for teacher and class.

This module decides what is printed and that everything ends with the command. It needs the extra `live`, which is
imported when the command is called.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from herzschlag.backends import asking
from herzschlag.backends.names import Backend
from herzschlag.exit_status import CANNOT_RUN, WRONG_INPUT
from herzschlag.languages import current, gettext
from herzschlag.languages.option import LangOption
from herzschlag.languages.refusals import told
from herzschlag.live.addresses import is_loopback, reached_at
from herzschlag.scenarios.validation import check_speed
from herzschlag.wrong_input import InputError

PORT = 8470
"""The first that is tried: a browser keeps answers by address and port, so that they are there the next time."""


def lesson(  # noqa: PLR0917 (Typer calls it by name)
    chapter: Annotated[str, typer.Argument(help="Number or name of a chapter.")] = "1",
    lang: LangOption = None,
    backend: Annotated[Backend, typer.Option(help="Real packets, or virtual time.")] = Backend.simulation,
    speed: Annotated[float, typer.Option(help="On real packets: divides every timer.")] = 10.0,
    seed: Annotated[int, typer.Option(help="For everything random.", min=0)] = 0,
    port: Annotated[
        int | None, typer.Option(help=f"0: any free one. Default: {PORT}, or any free one.", min=0, max=65535)
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: every one, for a class.")] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Take a chapter of the course in the browser: predict, let time go on, see why.

    Example: herzschlag lesson --lang de

    Example: herzschlag lesson isolation --host 0.0.0.0
    """
    try:
        from herzschlag.lesson.chapter import chapters, find  # noqa: PLC0415
        from herzschlag.lesson.playing import Runs  # noqa: PLC0415
        from herzschlag.lesson.room import Room  # noqa: PLC0415
        from herzschlag.lesson.server import Site  # noqa: PLC0415
        from herzschlag.live.server import Access  # noqa: PLC0415
        from herzschlag.live.serving import listen, serve  # noqa: PLC0415
    except ImportError as error:
        _fail(gettext("{name} is missing: pip install 'herzschlag[live]'", name=error.name), CANNOT_RUN)
    try:
        check_speed(speed, "--speed")
        chosen = find(chapter)
        backend, refused = asking.offered(backend, sys.argv[1:], ask=sys.stdin.isatty() and sys.stderr.isatty())
        if refused:
            _fail(refused, CANNOT_RUN)
        try:
            listening = listen(host, PORT if port is None else port)
        except InputError:
            if port is not None:
                raise
            listening = listen(host, 0)
    except InputError as error:
        _fail(str(error), WRONG_INPUT)
    access = Access(
        host, listening.getsockname()[1], lambda link: _say(gettext("For another teacher's browser: {link}", link=link))
    )
    if not is_loopback(host):
        _say(
            gettext("{host} can be reached from other machines, by plain HTTP: give the class its own link.", host=host)
        )
    link = access.link()
    listed = ", ".join(f"{one.number} {one.name}" for one in chapters())
    title = chosen.title.told("de" if current() == "de" else "en")
    _say(gettext("Chapter {number}, {title} (all of them: {listed})", number=chosen.number, title=title, listed=listed))
    _say(gettext("Lesson, for the teacher, until Ctrl-C: {link}", link=link))
    _say(gettext("For the class, to watch and to answer: {link}", link=access.onlookers_link()))
    if others := reached_at(host)[1:]:
        _say(gettext("Also at {others}, by address; a machine's name is refused.", others=", ".join(others)))
    if open_browser:
        import webbrowser  # noqa: PLC0415 (looks for browsers)

        webbrowser.open(link)  # which waits: the socket listens already
    runs = Runs(backend.value, speed=speed, seed=seed)
    room = Room(chosen, runs)
    try:
        room.open(chosen)
        serve(Site(room, access, None if lang is None else current()).app(), listening)
    except KeyboardInterrupt:
        pass  # that is how it ends
    finally:
        runs.close()


def _say(text: str) -> None:
    typer.echo(text)
    sys.stdout.flush()


def _fail(text: str, status: int) -> NoReturn:
    typer.echo(f"herzschlag lesson: {told(text)}", err=True)
    raise typer.Exit(status)
