"""The faults that tests set off most, as methods.

This module decides which faults have a method of their own and what its words are. It leaves what they do to
`herzschlag.faults`, and when they begin to `herzschlag.cluster`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from herzschlag import faults
from herzschlag.faults import Manner, Names
from herzschlag.faults.primitives import Access
from herzschlag.wrong_input import InputError, build, nearest


class Breaking(ABC):
    """Each begins right after the next heartbeat and returns the fault's name, by which `heal` undoes it."""

    @abstractmethod
    def begin(self, fault: faults.Fault, *, id: str = "") -> str: ...

    def power_off(self, host: str) -> str:
        """Everything on the host dies at once; healed: it boots."""
        return self.begin(faults.PowerOff(host=host))

    def isolate(
        self, host: str, *, networks: Names = "all", keep: Iterable[str] = (), manner: Manner = "silent"
    ) -> str:
        """Cut the host off from everyone but `keep`."""
        return self.begin(faults.Isolate(host=host, networks=networks, keep=tuple(keep), manner=manner))

    def split(self, *groups: Iterable[str], networks: Names = "all") -> str:
        """Cut the hosts into groups that do not reach each other."""
        return self.begin(faults.Split(groups=tuple(tuple(group) for group in groups), networks=networks))

    def cut(self, one: str, other: str, *, networks: Names = "all") -> str:
        """No packet passes between these two."""
        return self.begin(faults.CutPair(a=one, b=other, networks=networks))

    def freeze(self, host: str) -> str:
        """Nothing on the host runs; healed: it goes on as if nothing had happened."""
        return self.begin(faults.Freeze(host=host))

    def take_storage(self, host: Names, datastore: Names, *, access: Access = "apd", delay_ms: float = 0.0) -> str:
        """The host's I/O to the datastore hangs (`apd`) or fails (`pdl`), its writes alone fail (`read-only`), each
        operation takes `delay_ms` (`slow`), or reads give what was there when this began (`stale`)."""
        return self.begin(faults.Storage(host=host, datastore=datastore, access=access, delay_ms=delay_ms))

    def silence_gateway(self) -> str:
        """The isolation address answers no ping."""
        return self.begin(faults.GatewaySilent())


def checked(fault: faults.Fault) -> faults.Fault:
    """The same fault, its fields looked at: a struct takes any value when it is made. Raises InputError."""
    values = msgspec.to_builtins(fault)
    values.pop("fault", None)
    return build(type(fault), values)


def made(kind: str, fields: Mapping[str, Any]) -> faults.Fault:
    """A fault by its name in a scenario, such as `isolate`. Raises InputError."""
    if kind not in faults.kinds():
        raise InputError("", f"no fault is called {kind!r}: {nearest(kind, faults.kinds())}")
    return build(faults.kinds()[kind], msgspec.to_builtins(dict(fields)))
