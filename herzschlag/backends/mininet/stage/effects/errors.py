"""What this machine cannot do, and what would help."""

from __future__ import annotations

from herzschlag.errors import UnusableMachine


class EffectUnavailable(UnusableMachine):
    """This machine cannot do it; `fix` says what would help."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.fix = fix
