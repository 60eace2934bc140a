"""One HA agent, or one of its role machines, driven by hand: its events, and the actions that it answers with.

The cluster is host-98, host-99 and host-100 on vmfs-1 and vmfs-2. Elections among equals: host-99 before host-98 before
host-100, for MOIDs compare as text.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeVar

from herzschlag.agents.ha.agent import Agent
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.reporting import Reporting
from herzschlag.agents.ha.roles.role import Parts, RoleChange
from herzschlag.agents.ha.vms.inventory import OwnVms
from herzschlag.agents.protocol.actions import AnyAction, Send, Trace
from herzschlag.agents.protocol.events import WAKE, AnyEvent, Boot, Received
from herzschlag.agents.protocol.messages import Message, Order
from herzschlag.agents.records import fields_of, kind_of
from herzschlag.agents.settings import (
    SECOND,
    AgentSettings,
    ClusterConfig,
    DatastoreConfig,
    HostConfig,
    Timers,
    VmConfig,
)
from herzschlag.agents.states import DatastoreAccess, VmState

MOIDS = ("host-98", "host-99", "host-100")
DATASTORES = ("vmfs-1", "vmfs-2")
GATEWAY = "198.18.0.1"
ALL = (1 << len(MOIDS)) - 1
"""A heartbeat with these bits says that its sender hears every host."""

A = TypeVar("A")
M = TypeVar("M", bound=Message)


def cluster(*, maintenance: tuple[str, ...] = (), vms: tuple[VmConfig, ...] = (), **more: Any) -> ClusterConfig:
    hosts = tuple(
        HostConfig(
            moid=moid,
            addresses={"A": f"10.1.0.{index}", "B": f"10.2.0.{index}"},
            datastores=DATASTORES,
            heartbeat_datastores=DATASTORES,
            maintenance=moid in maintenance,
        )
        for index, moid in enumerate(MOIDS)
    )
    datastores = tuple(DatastoreConfig(name=name, kind="vmfs") for name in DATASTORES)
    settings: dict[str, Any] = {
        "name": "lab",
        "generation": 1,
        "vcenter_addresses": {},
        "isolation_addresses": (GATEWAY,),
    } | more
    return ClusterConfig(hosts=hosts, datastores=datastores, vms=vms, **settings)


def vm(name: str, **more: Any) -> VmConfig:
    return VmConfig(name=name, datastore="vmfs-1", **more)


def settings_of(moid: str) -> AgentSettings:
    return AgentSettings(moid=moid, cluster="lab", timers=Timers())


def of(actions: list[AnyAction], kind: type[A]) -> list[A]:
    return [action for action in actions if isinstance(action, kind)]


def messages(actions: list[AnyAction], kind: type[M]) -> list[tuple[M, tuple[str, ...]]]:
    """Messages of one type that were sent, each with its receivers."""
    return [(action.message, action.to) for action in of(actions, Send) if isinstance(action.message, kind)]


def records(actions: list[AnyAction], kind: str, **fields: Any) -> list[dict[str, Any]]:
    """Records of one kind that have these fields."""
    traces = [fields_of(action.entry) for action in of(actions, Trace) if kind_of(action.entry) == kind]
    return [found for found in traces if all(found.get(name) == value for name, value in fields.items())]


class Machine:
    """The parts of one host's agent around a role machine, which the test makes; changes of role are noted."""

    def __init__(
        self,
        moid: str = "host-98",
        config: ClusterConfig | None = None,
        vms: dict[str, VmState] | None = None,
        now_s: float = 100,
    ) -> None:
        self.context = Context(settings_of(moid))
        self.context.boot = 1
        self.context.access = dict.fromkeys(DATASTORES, "ok")
        self.context.configure(config or cluster())
        self.vms = OwnVms(self.context)
        self.vms.vms = dict(vms or {})
        self.changes: list[RoleChange] = []
        self.parts = Parts(self.context, self.vms, Reporting(self.context, self.vms), self.changes.append)
        self.at(now_s)

    def at(self, now_s: float) -> None:
        self.context.now_ns = round(now_s * SECOND)

    def did(self) -> list[AnyAction]:
        """The actions since the last call."""
        done = list(self.context.actions)
        self.context.actions.clear()
        return done


class Driven:
    """A whole agent. Time is in seconds since it was started."""

    def __init__(
        self,
        moid: str = "host-98",
        config: ClusterConfig | None = None,
        vms: dict[str, VmState] | None = None,
        access: dict[str, DatastoreAccess] | None = None,
    ) -> None:
        self.agent = Agent(settings_of(moid))
        self.now_s = 0.0
        self._sequences: Counter[str] = Counter()
        self.sent = 0
        """Sequence number of the agent's last message."""
        access = access or dict.fromkeys(DATASTORES, "ok")
        self.first = self.happens(Boot(boot=1, config=config, vms=vms or {}, datastores=access))

    def happens(self, event: AnyEvent, at_s: float | None = None) -> list[AnyAction]:
        self.now_s = self.now_s if at_s is None else at_s
        actions = self.agent.handle(event, round(self.now_s * SECOND))
        self.sent = max((send.message.sequence for send in of(actions, Send)), default=self.sent)
        return actions

    def hears(
        self, sender: str, kind: type[Message], *, boot: int = 1, network: str = "A", to_boot: int = 1, **body: Any
    ) -> list[AnyAction]:
        self._sequences[sender] += 1
        header: dict[str, Any] = {"sender": sender, "boot": boot, "sequence": self._sequences[sender], "sent_ns": 0}
        if issubclass(kind, Order):
            header["answers"] = self.sent
        message: Any = kind(**(header | body))
        return self.happens(Received(network, message, to_boot))

    def until(self, at_s: float) -> list[AnyAction]:
        """Let time pass; the agent is woken whenever it wants to be."""
        done: list[AnyAction] = []
        while (wake_ns := self.agent.wake_at_ns()) is not None and wake_ns <= at_s * SECOND:
            done += self.happens(WAKE, max(self.now_s, wake_ns / SECOND))
        self.now_s = at_s
        return done

    @property
    def role(self) -> str:
        return self.agent.view().role
