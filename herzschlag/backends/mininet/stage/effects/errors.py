"""What this machine cannot do, and what would help."""

from __future__ import annotations


class CannotError(RuntimeError):
    """This machine cannot do it; `fix` says what would help."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.fix = fix
