"""What can go wrong on the way to the other machine; each text says the value, the rule, and the way out."""

from __future__ import annotations

from herzschlag.errors import UnusableMachine, WrongInput


class RemoteTrouble(UnusableMachine):
    """Exit status 4: connection, authentication, or the other machine's condition."""


class ConnectionLost(RemoteTrouble):
    """The connection was there and broke; what was asked for may be tried again."""


class RemoteUsageError(WrongInput):
    """Exit status 2: what was typed makes no sense."""


class Unreachable(ConnectionLost):
    """No connection could be made; the machine may come back."""
