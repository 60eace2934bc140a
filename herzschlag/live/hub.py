"""The hub between browsers and the lab's thread: it passes commands one way and news the other.

This module decides that a browser that joins late first gets the current state, and that too many requests are refused,
not kept. Any thread may call any function here.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable

import msgspec

from herzschlag.languages import ENGLISH, LANGUAGES, Language, speaking
from herzschlag.live import messages as m

STORY_KEPT = 400
"""Lines of the timeline that a browser which joins late gets."""
COMMANDS_MAX = 64
Listener = Callable[[bytes], None]
News = m.AnyNews | Callable[[], m.AnyNews]
"""News; what has words in it comes as a function, which is called once for each language."""
Said = dict[Language, m.AnyNews]
Asked = tuple[m.AnyCommand, Listener]


class Hub:
    def __init__(self, lab: News) -> None:
        self._commands: queue.Queue[Asked | None] = queue.Queue(COMMANDS_MAX)
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[Listener, Language]] = {}
        self._lab = _in_each(lab)
        self._state = _in_each(m.State(phase="starting"))
        self._clock = _in_each(m.Clock(0.0))
        self._story: dict[Language, deque[m.Entry]] = {one: deque(maxlen=STORY_KEPT) for one in LANGUAGES}
        self._saved = ""
        self._closing = threading.Event()

    # --- for browsers ---

    def listen(self, key: int, listener: Listener, language: Language = ENGLISH) -> None:
        """From now on the listener gets all news, beginning with the current state."""
        with self._lock:
            story = m.Story(tuple(self._story[language]))
            for news in (self._lab[language], self._state[language], self._clock[language], story):
                listener(msgspec.json.encode(news))
            self._listeners[key] = listener, language

    def forget(self, key: int) -> None:
        with self._lock:
            self._listeners.pop(key, None)

    def ask(self, command: m.AnyCommand, answer: Listener) -> None:
        """Queue a request; `answer` is called if it is refused."""
        try:
            self._commands.put_nowait((command, answer))
        except queue.Full:
            refuse(answer, f"{COMMANDS_MAX} requests wait already: let the lab catch up")

    @property
    def saved(self) -> str:
        """Everything done so far, as a scenario file; empty before the lab is ready."""
        with self._lock:
            return self._saved

    # --- for the lab's thread ---

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(queue.Full):  # then it looks at `closing` after the next one
            self._commands.put_nowait(None)

    def next_command(self, timeout_s: float | None) -> Asked | None:
        """The next request; None if none came in time."""
        try:
            return self._commands.get(timeout=timeout_s) if timeout_s != 0 else self._commands.get_nowait()
        except queue.Empty:
            return None

    def tell(self, news: News) -> None:
        said = _in_each(news)
        with self._lock:
            match said[ENGLISH]:
                case m.Lab():
                    self._lab, self._saved = said, ""
                    for story in self._story.values():
                        story.clear()
                case m.State() if said == self._state:
                    return
                case m.State():
                    self._state = said
                case m.Clock():
                    self._clock = said
                case _:
                    pass
            for language, one in said.items():
                if isinstance(one, m.Story):
                    self._story[language].extend(one.entries)
            data = {language: msgspec.json.encode(said[language]) for _, language in self._listeners.values()}
            for listener, language in self._listeners.values():
                listener(data[language])

    def keep(self, saved: str) -> None:
        with self._lock:
            self._saved = saved


def _in_each(news: News) -> Said:
    if not callable(news):
        return dict.fromkeys(LANGUAGES, news)
    said: Said = {}
    for language in LANGUAGES:
        with speaking(language):
            said[language] = news()
    return said


def refuse(answer: Listener, because: str) -> None:
    answer(msgspec.json.encode(m.Refused(because)))
