"""What the machines of one agent share: settings, configuration, peers, and the list of actions being made.

This module decides only how a message gets its header. Each agent has one `Context`; `agent.py` owns it and hands it to
its parts.
"""

from __future__ import annotations

from typing import Any

from herzschlag.agents.ha.election import Offer
from herzschlag.agents.ha.orders import SentLately
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.protocol.actions import AnyAction, Send, Trace, UnwatchHeartbeats, WatchHeartbeats
from herzschlag.agents.protocol.messages import VCENTER, Message, Order
from herzschlag.agents.records import AnyEntry
from herzschlag.agents.settings import AgentSettings, ClusterConfig
from herzschlag.agents.states import DatastoreAccess


class Context:
    """The state that `Agent`, its role machines and their parts share. Like all of them, it is not thread-safe."""

    def __init__(self, settings: AgentSettings) -> None:
        self.settings = settings
        self.moid = settings.moid
        self.timers = settings.timers
        self.fresh_ns = settings.timers.fresh_ns
        self.networks = settings.networks
        self.config: ClusterConfig | None = None
        self.boot = 0
        self.now_ns = 0
        self.actions: list[AnyAction] = []
        self.access: dict[str, DatastoreAccess] = {}
        self.peers: dict[str, Peer] = {}
        self.vcenter = Peer(VCENTER, settings.networks)
        self.lives: dict[str, int] = {}
        """Node to its life that we know of. Actions under way hold it: `learn` alone changes it."""
        self.lives_held = False
        """Whether an action holds it."""
        self.reigns = 0
        """How often this agent became master."""
        self.sent = SentLately(settings.timers.order_answers_ns)
        self.others: tuple[str, ...] = ()
        """MOIDs of all other hosts of the cluster, in the order of the host list."""
        self.stillness: dict[tuple[str, str], tuple[int, int]] = {}
        """(host, datastore) to (stamp, since when it has not changed), as the running watches saw it last."""
        self._watched: set[str] = set()
        self._sequence = 0

    def configure(self, config: ClusterConfig) -> None:
        """Take over a configuration. What is known of peers that stay in the cluster is kept."""
        self.config = config
        known = self.peers
        self.peers = {}
        bits = config.bits
        for index, host in enumerate(config.hosts):
            if host.moid == self.moid:
                continue
            peer = known.get(host.moid) or Peer(host.moid, self.settings.networks)
            peer.bit = bits[index]
            self.peers[host.moid] = peer
        self.others = tuple(self.peers)
        allowed = config.allowed_networks
        self.networks = tuple(n for n in self.settings.networks if allowed is None or n in allowed)

    @property
    def cluster(self) -> ClusterConfig:
        assert self.config is not None, "an agent without configuration takes part in nothing"
        return self.config

    def do(self, action: AnyAction) -> None:
        self.actions.append(action)

    def trace(self, entry: AnyEntry) -> None:
        self.actions.append(Trace(entry))

    def watch(self, host: str) -> None:
        """Watch the datastore heartbeats of a host wherever we reach its datastores."""
        self._watched.add(host)
        self.do(WatchHeartbeats(host, tuple(d for d in self.cluster.host(host).datastores if self.works(d))))

    def watch_anew(self) -> None:
        """A datastore works again, or hosts have others: what was watched elsewhere alone is watched there as well."""
        for host in sorted(self._watched & {one.moid for one in self.cluster.hosts}):
            self.watch(host)

    def unwatch(self, host: str) -> None:
        """End a watch and forget what it saw: from now on the heartbeat moves unseen."""
        self._watched.discard(host)
        for seen in [key for key in self.stillness if key[0] == host]:
            del self.stillness[seen]
        self.do(UnwatchHeartbeats(host))

    def unwatch_all(self) -> None:
        for host in sorted(self._watched):
            self.unwatch(host)

    def heartbeat_seen(self, host: str, datastore: str, stamp: int) -> None:
        if host in self._watched:  # What was seen before the watch ended may arrive after it.
            self.stillness[host, datastore] = (stamp, self.now_ns)

    def clock_leapt(self) -> None:
        """How long anything was still is not known any more: no lock may be broken because of it."""
        self.stillness = {key: (stamp, self.now_ns) for key, (stamp, _) in self.stillness.items()}

    def learn(self, node: str, boot: int) -> None:
        """A node has begun a new life. Copied only when a message that names lives was sent since the last copy: in a
        large cluster's election each host learns those of all others."""
        if self.lives_held:
            self.lives = dict(self.lives)
            self.lives_held = False
        self.lives[node] = boot

    def send(self, message_type: type[Message], to: tuple[str, ...], **body: Any) -> None:
        """Send one message to each of `to`, on every management network at once (fact sheet 2 [AG67-46])."""
        if to:
            number = self.number()
            message = message_type(sender=self.moid, boot=self.boot, sequence=number, sent_ns=self.now_ns, **body)
            self.lives_held = True
            self.actions.append(Send(message, to, self.networks, self.lives))  # type: ignore[arg-type]  # one of AnyMessage

    def number(self) -> int:
        """The sequence number of a message that is sent now."""
        self._sequence += 1
        self.sent.note(self._sequence, self.now_ns)
        return self._sequence

    def order(self, message_type: type[Order], to: str, **body: Any) -> None:
        """Send an order to one host: it answers the newest message that we have of it."""
        self.send(message_type, (to,), answers=max(0, self.peers[to].handled.newest), **body)

    def offer(self) -> Offer:
        """Our own election offer: datastores that work, plus fdm.nodeGoodness [DD-F] [VVT]."""
        extra = self.config.node_goodness.get(self.moid, 0) if self.config else 0
        goodness = extra
        for access in self.access.values():
            if access == "ok":
                goodness += 1
        return (goodness, self.moid)

    def heard_bits(self) -> int:
        """Which hosts we heard lately (`Timers.fresh_ns`), as bits of the host list."""
        limit_ns = self.now_ns - self.fresh_ns
        bits = 0
        for peer in self.peers.values():
            if peer.last_heard_ns is not None and peer.last_heard_ns >= limit_ns:
                bits |= peer.bit
        return bits

    def own_bit(self) -> int:
        """Our place in the host list; 0 if we are not in it."""
        for index, host in enumerate(self.cluster.hosts):
            if host.moid == self.moid:
                return 1 << index
        return 0

    def works(self, datastore: str) -> bool:
        return self.access.get(datastore) == "ok"
