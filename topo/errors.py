"""Exceptions around a lab: a machine that cannot run one, a sandbox or a lab that failed."""

from __future__ import annotations


class TopoError(RuntimeError):
    """Base of everything that building or changing a lab raises."""


class UnusableMachineError(TopoError):
    """This machine lacks something: `what`, which reads well before "is missing"; `fix` is what helps."""

    def __init__(self, what: str, *, fix: str) -> None:
        super().__init__(f"{what} is missing: {fix}")
        self.what = what
        self.fix = fix


class SandboxError(TopoError):
    """The sandbox could not be started, though the machine seems able to."""


class SwitchError(TopoError):
    """Open vSwitch did not start, or refused a bridge or port."""


class LabError(TopoError):
    """A lab could not be built or changed, or was asked for something it does not have."""


class ImpairError(TopoError):
    """An impairment that cannot be expressed, or that this kernel cannot do."""
