"""Exceptions of `herzschlag remote`; each text says the value, the rule, and the way out."""

from __future__ import annotations

from herzschlag.errors import UnusableMachine, WrongInput


class RemoteTrouble(UnusableMachine):
    """Exit status 4: connection, authentication, or the other machine's condition."""


class ConnectionLost(RemoteTrouble):
    """An open connection broke; the request may be tried again."""


class RemoteUsageError(WrongInput):
    """Exit status 2: the command line is wrong."""


class Unreachable(ConnectionLost):
    """No connection could be made; the machine may come back."""
