"""The class room: one place in the course, many browsers that see it, and the few that may move it.

This module decides where the lesson is and who is told what, in which language. It leaves who may act to `server.py`,
runs to `playing.py`, what is shown to `view.py`. Any thread may call any function here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from herzschlag.errors import HerzschlagError
from herzschlag.languages import LANGUAGES, Language, gettext, speaking
from herzschlag.lesson import messages as m
from herzschlag.lesson import view
from herzschlag.lesson.chapter import Chapter, chapters
from herzschlag.lesson.playing import Runs

Listener = Callable[[bytes], None]


class Room:
    def __init__(self, chapter: Chapter, runs: Runs) -> None:
        self._runs = runs
        self._lock = threading.RLock()
        self._listeners: dict[int, tuple[Language, Listener]] = {}
        self._at = (chapter, 1)
        self._phase: m.Phase = "preparing"
        self._failure: HerzschlagError | None = None
        self._told: dict[Language, bytes] = {}
        self._thread: threading.Thread | None = None

    # --- for browsers ---

    def listen(self, key: int, language: Language, acts: bool, listener: Listener) -> None:
        """From now on the listener gets all news, beginning with the course and the present place."""
        with self._lock, speaking(language):
            listener(msgspec.json.encode(view.course(acts, self._runs.backend)))
            listener(self._place(language))
            self._listeners[key] = (language, listener)

    def forget(self, key: int) -> None:
        with self._lock:
            self._listeners.pop(key, None)

    def ask(self, command: m.AnyCommand) -> str:
        """Do it. The answer is why not, in the language that is spoken; empty when it is done."""
        with self._lock:
            match command:
                case m.Open(chapter=number, scene=scene):
                    found = next((one for one in chapters() if one.number == number), None)
                    if found is None or not 1 <= scene <= len(found.scene):
                        return gettext("There is no such scene in this course.")
                    self.open(found, scene)
                case m.Go(chapter=number, scene=scene):
                    at, here = self._at
                    if (number, scene) != (at.number, here):
                        return ""  # a second click: the place is another by now
                    if self._phase in ("preparing", "failed"):
                        return gettext("The run is not over yet.")
                    self._tell("told")
        return ""

    # --- for the command ---

    def open(self, chapter: Chapter, scene: int = 1) -> None:
        """Go to a scene, before its questions; its run is played first, in a thread of its own."""
        with self._lock:
            self._at, self._failure = (chapter, scene), None
            if self._runs.ready(chapter.scene[scene - 1].scenario):
                self._tell("ask")
                return
            self._tell("preparing")
            self._thread = threading.Thread(target=self._prepare, args=(chapter, scene), name="lesson run", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until the run of the present place is over; for tests."""
        if self._thread is not None:
            self._thread.join()

    def _prepare(self, chapter: Chapter, scene: int) -> None:
        try:
            self._runs.of(chapter.scene[scene - 1].scenario)
        except HerzschlagError as error:
            with self._lock:
                if self._at == (chapter, scene):
                    self._failure = error
                    self._tell("failed")
            return
        with self._lock:
            if self._at == (chapter, scene) and self._phase == "preparing":
                self._tell("ask")

    def _tell(self, phase: m.Phase) -> None:
        self._phase = phase
        self._told.clear()
        for language, listener in self._listeners.values():
            listener(self._place(language))

    def _place(self, language: Language) -> bytes:
        if language not in self._told:
            with speaking(language):
                self._told[language] = msgspec.json.encode(self._shown())
        return self._told[language]

    def _shown(self) -> m.Place:
        chapter, scene = self._at
        if self._phase == "preparing":
            return view.nothing_yet(chapter, scene, "preparing", gettext("The cluster starts and its run is played …"))
        if self._phase == "failed":
            because = gettext("There is nothing to show: {why}", why=str(self._failure))
            return view.nothing_yet(chapter, scene, "failed", because)
        return view.place(chapter, scene, self._phase == "told", self._runs.of(chapter.scene[scene - 1].scenario))


def known(language: str) -> Language:
    """A language that a browser asked for, or English."""
    return next((one for one in LANGUAGES if one == language), "en")
