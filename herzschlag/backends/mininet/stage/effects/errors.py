"""The exception for an effect that this machine cannot bring about."""

from __future__ import annotations

from herzschlag.errors import UnusableMachine


class EffectUnavailable(UnusableMachine):
    """This machine cannot bring the effect about; `fix` says what would help."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.fix = fix
