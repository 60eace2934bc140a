"""Roles and host states as answers: texts that refuse to be compared with a word that no answer can ever be.

`cluster.role("host-98") != "mastr"` would be true for ever, and a test that it stays so would pass. Here it is an error
with the nearest word. The type checker sees the same by the types `Role` and `State`.
"""

from __future__ import annotations

from typing import ClassVar, Literal, cast, get_args

from herzschlag.agents.states import HostState
from herzschlag.agents.states import Role as AgentsRole
from herzschlag.by_hand.names import one_of

Role = Literal[AgentsRole, "off"]
"""A host's role as it sees it; `off` without power."""
State = Literal[HostState, "unknown"]
"""A host's state as a master, or vCenter, sees it; `unknown` before it was looked at."""


class _Word(str):
    __slots__ = ()
    noun: ClassVar[str]
    known: ClassVar[tuple[str, ...]]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            one_of(str(other), self.known, self.noun)
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class _RoleWord(_Word):
    __slots__ = ()
    noun = "a role"
    known = get_args(Role)


class _StateWord(_Word):
    __slots__ = ()
    noun = "a host's state"
    known = get_args(State)


def role(word: str) -> Role:
    """Raises InputError for any other word."""
    return cast(Role, _RoleWord(one_of(str(word), _RoleWord.known, _RoleWord.noun)))


def state(word: str) -> State:
    """Raises InputError for any other word."""
    return cast(State, _StateWord(one_of(str(word), _StateWord.known, _StateWord.noun)))
