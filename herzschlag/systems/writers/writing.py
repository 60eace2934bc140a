"""What writers have in common: numbered keys, and the lines in which a writer says what it was told.

    acknowledged NUMBER        the system said that it is written
    refused NUMBER WHY         it said that it is not
    unanswered NUMBER WHY      it said nothing that a client could rely on

and at the end, for each key that is there, `HOST NUMBER`, then `all COUNT`, so that an answer that was cut short is
noticed. Numbers are milliseconds of the machine's monotonic clock: they never come twice, whatever dies in between.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol

PREFIX = "written:"
PAUSE_S = 0.05
"""Between two writes."""
ANSWER_S = 1.0
"""How long an answer is waited for."""
STABLE_S = 0.5
"""Two readings that far apart must be equal: what is still on its way to a replica is waited for."""
READINGS_MAX = 10


class Refusal(Exception):
    """The system said that it did not write."""


class Client(Protocol):
    def put(self, key: str, value: str) -> None:
        """Return once the system said that it is written. Raises Refusal; OSError when there is no such answer."""

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with it. Raises OSError."""


def write(client: Client, host: str) -> None:
    """Write for ever."""
    while True:
        sys.stdout.write(f"{one_write(client, host, time.monotonic_ns() // 1_000_000)}\n")
        sys.stdout.flush()
        time.sleep(PAUSE_S)


def one_write(client: Client, host: str, number: int) -> str:
    """The line about it."""
    try:
        client.put(f"{PREFIX}{host}:{number}", "x")
    except Refusal as error:
        return f"refused {number} {_line(error)}"
    except OSError as error:
        return f"unanswered {number} {type(error).__name__}: {_line(error)}"
    return f"acknowledged {number}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


def read(client: Client, pause: Callable[[float], None] = time.sleep) -> None:
    """Say what is there, once it does not change any more."""
    before = client.keys(PREFIX)
    for _ in range(READINGS_MAX):
        pause(STABLE_S)
        now = client.keys(PREFIX)
        if set(now) == set(before):
            break
        before = now
    sys.stdout.writelines(f"{line}\n" for line in said_of(before))


def said_of(keys: list[str]) -> list[str]:
    return [*(key.removeprefix(PREFIX).replace(":", " ") for key in keys), f"all {len(keys)}"]
