"""What the trial sandbox says of a machine that refuses it, by the step that fails."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.topo.errors import SandboxError, UnusableMachineError
from herzschlag.topo.kernel.probes import Missing
from herzschlag.topo.sandbox import trial
from herzschlag.topo.sandbox.sandbox import Sandbox


class Trial:
    """A sandbox whose program ends with this status."""

    def __init__(self, status: int) -> None:
        self.wait = lambda timeout_s: status

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *error: object) -> None: ...


def refused_by(monkeypatch: pytest.MonkeyPatch, answer: Trial | Exception) -> Missing | None:
    def start(*words: Any, **options: Any) -> Trial:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Sandbox, "start", start)
    monkeypatch.setattr(trial, "namespace_fix", lambda: "what helps")
    return trial.refused()


def test_each_failure_has_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused_by(monkeypatch, Trial(0)) is None
    inner = refused_by(monkeypatch, Trial(1))
    assert inner == Missing("the right to make user namespaces inside a sandbox", "what helps")
    unusable = UnusableMachineError("the right to make namespaces (EPERM)", fix="run it as root")
    assert refused_by(monkeypatch, unusable) == Missing("the right to make namespaces (EPERM)", "run it as root")
    broken = refused_by(monkeypatch, SandboxError("file systems: [Errno 22] mount(none on /)"))
    assert broken == Missing("a sealed sandbox (file systems: [Errno 22] mount(none on /))", "what helps")
