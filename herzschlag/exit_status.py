"""Exit statuses of every command of the program (docs/results.md says when each is given)."""

from __future__ import annotations

HOLDS = 0
VIOLATED = 1
WRONG_INPUT = 2
UNKNOWN = 3
CANNOT_RUN = 4
FAILED = 5
"""Herzschlag itself failed, or something that it needs of the machine ran out: nothing is said of the cluster."""
INTERRUPTED = 130
BROKEN_PIPE = 141
"""The reader of standard output has gone: what a shell gives for a program that SIGPIPE ended."""
