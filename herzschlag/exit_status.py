"""Exit statuses of every command of the program (docs/results.md says when each is given)."""

from __future__ import annotations

HOLDS = 0
VIOLATED = 1
WRONG_INPUT = 2
UNKNOWN = 3
CANNOT_RUN = 4
INTERRUPTED = 130
