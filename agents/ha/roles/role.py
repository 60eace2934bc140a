"""The base of all roles: everything that an agent asks of the role it has.

    Agent ── heard, heartbeat, message, …, check, tick ──> RoleMachine      the one machine of the present role
          <────────────── enter(RoleChange) ──────────────                  what ends it

A role overrides what concerns it. The rest does nothing here: what was sent to another role than ours came late or
early, and is sent again if it matters. `states.py` decides which changes are allowed; `agent.py` makes the machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, NamedTuple

from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.ha.reporting import Reporting
from herzschlag.agents.ha.vms.inventory import OwnVms, PowerOutcome
from herzschlag.agents.protocol.events import FileRead, FileWritten, LockChanged, LockState
from herzschlag.agents.protocol.messages import AnyMessage, Heartbeat, InventoryAck, RestartOrder
from herzschlag.agents.settings import NEVER_NS
from herzschlag.agents.states import HostState, Role

HostAnswer = FileRead | FileWritten | LockChanged | LockState
"""The hypervisor's answers about files and locks."""


class RoleChange(NamedTuple):
    """The end of one role and the beginning of the next."""

    to: Role
    because: str
    master: str = ""
    """The host's master from now on; its own MOID for a master."""
    company: bool = True
    """False when a new master heard no other agent during its election: it may be alone."""


class Parts(NamedTuple):
    """The parts of one agent that its role machines share."""

    context: Context
    vms: OwnVms
    reporting: Reporting
    enter: Callable[[RoleChange], None]
    """Ends the machine that calls it. The caller must return at once."""


class RoleMachine:
    """Base of all roles. Made when the role is entered, dropped when it is left."""

    role: ClassVar[Role]

    def __init__(self, parts: Parts) -> None:
        self._c = parts.context
        self._vms = parts.vms
        self._reporting = parts.reporting
        self._enter = parts.enter
        self.master = ""
        """The host's master; its own MOID for a master."""

    # --- what happens ---

    def heard(self, peer: Peer) -> None:
        """Any new datagram of a host arrived."""

    def heartbeat(self, peer: Peer, message: Heartbeat) -> None: ...

    def offer(self, peer: Peer) -> None:
        """A host is in an election."""

    def message(self, peer: Peer, message: AnyMessage) -> None:
        """Any other message of a host, for this role to pick from."""

    def obeys(self, peer: Peer, order: InventoryAck | RestartOrder) -> bool:
        """Whether this host takes orders about VMs from that one."""
        return False

    def from_vcenter(self, message: AnyMessage) -> bool:
        """A message of vCenter's. Returns whether it is for this role."""
        return False

    def ping_answered(self, address: str) -> None: ...

    def heartbeat_seen(self, host: str, datastore: str) -> None:
        """The datastore heartbeat of a watched host moved."""

    def answered(self, event: HostAnswer) -> None: ...

    def reconfigured(self) -> None:
        """A new configuration came, and the host is still part of the cluster."""

    def access_changed(self, datastore: str) -> None: ...

    def clock_leapt(self) -> None:
        """This host stood still, or its clock leapt."""

    def inventory_changed(self) -> None:
        """Which VMs run here, or which datastores are reached, changed."""

    def vm_stopped(self, vm: str) -> None: ...

    def power_on_done(self, outcome: PowerOutcome) -> None:
        """A power-on task that this host itself had ordered ended."""

    def placeable(self) -> tuple[str, ...] | None:
        """Those of our own VMs that another host could run; None: only a master knows, and this host is not one."""
        return None

    # --- what is due ---

    def due_ns(self) -> int:
        """When `check` or `duties` must be called next."""
        return NEVER_NS

    def check(self) -> None:
        """Do what is due. May end the role."""

    def tick(self) -> None:
        """Once per heartbeat interval, after `check`."""

    def duties(self) -> None:
        """Do what is due after the heartbeats."""

    def leave(self, because: str) -> None:
        """The role ends."""

    # --- what is shown ---

    def followed(self) -> Iterable[Peer]:
        """The hosts whose silence on one of two networks is of interest."""
        return ()

    def host_states(self) -> dict[str, HostState]:
        return {}

    def owned(self) -> tuple[str, ...]:
        return ()

    def protected(self) -> tuple[str, ...]:
        return ()


class Uninitialized(RoleMachine):
    """Not configured, in maintenance mode, or no longer in the cluster: the host takes part in nothing."""

    role = "uninitialized"
