"""What the live page says of steps and roles, in the language that is spoken."""

from __future__ import annotations

from herzschlag.history.fault_words import in_words
from herzschlag.languages import N_, gettext, number
from herzschlag.scenarios.model import Change


def of_step(change: Change) -> str:
    """A step in words; its time counts from when the cluster was ready."""
    said = N_("{seconds} s: {step} begins ({fault})") if change.begins else N_("{seconds} s: {step} ends ({fault})")
    return gettext(said, seconds=number(change.at_s), step=change.id, fault=in_words(change.fault))


def of_role(host: str, role: str) -> str:
    return gettext("{host} is now {role}", host=host, role=gettext(role))
