"""Messages between the lesson's page and its server: one JSON document each, over one WebSocket.

This module decides the conversation alone. The place is absolute: a browser that joins late, or lost a message, gets
all of it again. What has not happened yet at a place is not in its message, nor are the right answers: a pupil who
looks into the page's data finds nothing there. Texts are in the language of the browser that gets them. Seconds count
from T.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from herzschlag.lesson.knowledge import Mind

MESSAGE_BYTES_MAX = 4000
"""Far more than any request of the page."""
Phase = Literal["preparing", "ask", "told", "failed"]


# --- from the browser -------------------------------------------------------------------------------------------------


class Open(msgspec.Struct, frozen=True, tag_field="do", tag="open", forbid_unknown_fields=True):
    """Go to a scene of a chapter, before its questions are answered; both count from 1."""

    chapter: int
    scene: int = 1


class Go(msgspec.Struct, frozen=True, tag_field="do", tag="go", forbid_unknown_fields=True):
    """Let time go on to the next decision, and tell the answers; only of the scene that is shown."""

    chapter: int
    scene: int


AnyCommand = Open | Go


# --- from the server --------------------------------------------------------------------------------------------------


class Listed(msgspec.Struct, frozen=True):
    """A chapter in the list of contents."""

    number: int
    title: str
    goal: str
    questions: tuple[int, ...]
    """How many each of its scenes asks."""


class Course(msgspec.Struct, frozen=True, kw_only=True, tag_field="news", tag="course"):
    """The first message to a browser: the chapters, and whether it may act."""

    acts: bool
    language: str
    backend: str
    chapters: tuple[Listed, ...]


class Asked(msgspec.Struct, frozen=True):
    """A question. Of choices the page sends nothing: each browser keeps its own answer."""

    id: str
    """`2.3`: chapter and number, for the progress that a browser keeps."""
    ask: str
    choices: tuple[str, ...]
    unit: str


class Answer(msgspec.Struct, frozen=True):
    """The answer to a question, after its scene."""

    id: str
    right: int | None
    """Which of the choices, from 0; None where a number was asked."""
    number: float | None
    measured: str
    """What this run gave, for a number."""
    told: str
    why: str


class Packet(msgspec.Struct, frozen=True):
    """Equal packets of one second, or the one to look at."""

    at_s: float
    kind: str
    name: str
    source: str
    destination: str
    networks: str
    arrived: bool
    says: str = ""


class Moment(msgspec.Struct, frozen=True):
    """An instant of the scene that may be looked at: what happened, and what each agent knows then."""

    at_s: float
    says: str
    minds: tuple[Mind, ...]
    packets: tuple[Packet, ...]
    """Those of the second before."""


class Place(msgspec.Struct, frozen=True, kw_only=True, tag_field="news", tag="place"):
    """Where the lesson is, with all that may be seen there."""

    phase: Phase
    chapter: int
    scene: int
    scenes: int
    title: str
    goal: str
    because: str = ""
    """Why there is nothing to show yet, or at all."""
    before: str = ""
    zero: str = ""
    """What the clock counts from."""
    from_s: float = 0.0
    until_s: float = 0.0
    """The instant that is shown; before the answers the same as `from_s`."""
    picture: dict[str, Any] = {}
    """As in a report, and nothing of it later than `until_s`."""
    questions: tuple[Asked, ...] = ()
    answers: tuple[Answer, ...] = ()
    moments: tuple[Moment, ...] = ()
    wire: tuple[Packet, ...] = ()
    command: str = ""
    """The command with which a user plays this scenario."""
    remark: str = ""
    """What is to be said of a run that does not hold."""


class Refused(msgspec.Struct, frozen=True, tag_field="news", tag="refused"):
    """A request was refused."""

    because: str


AnyNews = Course | Place | Refused
