"""One connected switch: rules and ports as values in, OpenFlow 1.4 messages out, and back.

This file decides how a change travels: all flow-mods of a change in one atomic bundle, then port-mods (a bundle may not
hold them), then a barrier, in one write. The change holds when the barrier is answered. It knows the messages of
OpenFlow, but imports no framework: it is handed a connection, whose encoder comes with it. What a switch should hold is
left to links.py.

Source: OpenFlow Switch Specification 1.4.0, sections 6.8 (bundles), 7.3.4 (flow and port modification), 7.3.5.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from herzschlag.controller.links import Change, Rule, SwitchState
from herzschlag.controller.messages import ControlError, ErrorCode
from herzschlag.controller.threads import Mailbox, Threads

_BUNDLE_ID_MAX = 2**32 - 1
_SIMPLE_MATCH = frozenset({"in_port", "eth_dst"})


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Packets and bytes that matched a rule."""

    packets: int
    bytes: int


@dataclass(slots=True)
class _Exchange:
    """Messages on their way, and what came back for them. The barrier's reply ends it."""

    barrier_xid: int
    xids: tuple[int, ...]
    replies: Mailbox
    """Pairs of the instant and the message; None in its place when the connection is gone."""


class OpenFlowSwitch:
    """A connection to one switch. Calls may come from any thread; `received` is called by the framework's."""

    def __init__(self, datapath: Any, threads: Threads) -> None:
        self._threads = threads
        self.datapath = datapath
        self.dpid: int = datapath.id
        self._exchanges: dict[int, _Exchange] = {}
        self._bundle_id = 0
        self._addresses: dict[int, str] = {}
        self._foreign: list[Any] = []  # rules we cannot express as Rule: not ours, removed with the next change

    def received(self, message: Any) -> None:
        """A reply or an error came in; stamps it and wakes the thread that waits for it."""
        now_ns = time.monotonic_ns()
        exchange = self._exchanges.get(message.xid)
        if exchange is not None:
            exchange.replies.put((now_ns, message))

    def lost(self) -> None:
        """The connection is gone: wakes every thread that still waits for a reply."""
        for exchange in list(self._exchanges.values()):
            exchange.replies.put((time.monotonic_ns(), None))

    def read(self, deadline_ns: int) -> SwitchState:
        """What the switch holds now."""
        parser, ofp = self.datapath.ofproto_parser, self.datapath.ofproto
        flows: list[Any] = []
        ports: list[Any] = []
        _, replies = self._finish(
            self._send([self._flow_request(), parser.OFPPortDescStatsRequest(self.datapath, 0)]), deadline_ns
        )
        for reply in replies:
            (flows if reply.type == ofp.OFPMP_FLOW else ports).extend(reply.body)
        self._addresses = {port.port_no: port.hw_addr for port in ports}
        rules = set()
        self._foreign = []
        for flow in flows:
            rule = self._to_rule(flow)
            if rule is None:
                self._foreign.append(flow)
            else:
                rules.add(rule)
        down = frozenset(port.port_no for port in ports if port.config & ofp.OFPPC_PORT_DOWN)
        return SwitchState(frozenset(rules), down - {ofp.OFPP_LOCAL})

    def counters(self, deadline_ns: int) -> dict[int, RuleCount]:
        """Packets and bytes of each rule, by cookie."""
        _, replies = self._finish(self._send([self._flow_request()]), deadline_ns)
        return {flow.cookie: RuleCount(flow.packet_count, flow.byte_count) for reply in replies for flow in reply.body}

    def begin(self, change: Change) -> Callable[[int], int]:
        """Send a change. The function returned waits (until a deadline) and gives the instant it was effective."""
        messages: list[Any] = []
        mods = [self._removal(flow.table_id, flow.priority, flow.match) for flow in self._foreign]
        mods += [self._removal(0, rule.priority, self._match(rule)) for rule in change.remove]
        mods += [self._addition(rule) for rule in change.add]
        if mods:
            messages += self._bundle(mods)
        messages += [self._port_mod(port, down=True) for port in change.ports_down]
        messages += [self._port_mod(port, down=False) for port in change.ports_up]
        exchange = self._send(messages)

        def finish(deadline_ns: int) -> int:
            effective_ns, replies = self._finish(exchange, deadline_ns)
            ofp = self.datapath.ofproto
            if mods and not any(getattr(reply, "type", None) == ofp.OFPBCT_COMMIT_REPLY for reply in replies):
                raise ControlError(ErrorCode.SWITCH_REFUSED, f"switch {self.dpid:#x} did not confirm the bundle")
            self._foreign = []
            return effective_ns

        return finish

    # How messages travel

    def _send(self, messages: Sequence[Any]) -> _Exchange:
        datapath = self.datapath
        messages = [*messages, datapath.ofproto_parser.OFPBarrierRequest(datapath)]
        for message in messages:
            datapath.set_xid(message)
        xids = tuple(message.xid for message in messages)
        exchange = _Exchange(xids[-1], xids, self._threads.mailbox())
        for xid in xids:
            self._exchanges[xid] = exchange
        data = bytearray()
        for message in messages:
            message.serialize()
            data += message.buf
        if not datapath.send(bytes(data)):
            self._forget(exchange)
            raise self._gone()
        return exchange

    def _finish(self, exchange: _Exchange, deadline_ns: int) -> tuple[int, list[Any]]:
        replies: list[Any] = []
        errors: list[Any] = []
        try:
            while True:
                left_s = max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9)
                try:
                    now_ns, message = exchange.replies.get(timeout=left_s)
                except queue.Empty:
                    raise ControlError(
                        ErrorCode.TIMEOUT, f"switch {self.dpid:#x} has not answered in time; repeat the request"
                    ) from None
                if message is None:
                    raise self._gone()
                if message.msg_type == self.datapath.ofproto.OFPT_ERROR:
                    errors.append(message)
                elif message.xid == exchange.barrier_xid:
                    break
                else:
                    replies.append(message)
        finally:
            self._forget(exchange)
        if errors:
            raise self._refusal(errors[0])
        return now_ns, replies

    def _forget(self, exchange: _Exchange) -> None:
        for xid in exchange.xids:
            self._exchanges.pop(xid, None)

    def _gone(self) -> ControlError:
        return ControlError(ErrorCode.SWITCH_NOT_CONNECTED, f"switch {self.dpid:#x} has left; repeat the request")

    def _refusal(self, error: Any) -> ControlError:
        ofp = self.datapath.ofproto
        # The refused message's own header lies at the front of the error's data: version, type, length, xid.
        refused_type = error.data[1] if len(error.data) > 1 else -1
        if (error.type, error.code) == (ofp.OFPET_BAD_REQUEST, ofp.OFPBRC_BAD_TYPE) and refused_type in (
            ofp.OFPT_BUNDLE_CONTROL,
            ofp.OFPT_BUNDLE_ADD_MESSAGE,
        ):
            return ControlError(
                ErrorCode.BUNDLES_UNSUPPORTED,
                f"switch {self.dpid:#x} does not support bundles: it needs OpenFlow 1.4, Open vSwitch 2.8 or newer",
            )
        return ControlError(
            ErrorCode.SWITCH_REFUSED,
            f"switch {self.dpid:#x} refused message type {refused_type}: {ofp.ofp_error_type_to_str(error.type)},"
            f" {ofp.ofp_error_code_to_str(error.type, error.code)}",
        )

    # Values to messages, and back

    def _bundle(self, mods: Sequence[Any]) -> list[Any]:
        datapath, parser, ofp = self.datapath, self.datapath.ofproto_parser, self.datapath.ofproto
        self._bundle_id = self._bundle_id % _BUNDLE_ID_MAX + 1
        bundle_id, flags = self._bundle_id, ofp.OFPBF_ATOMIC | ofp.OFPBF_ORDERED
        return [
            parser.OFPBundleCtrlMsg(datapath, bundle_id, ofp.OFPBCT_OPEN_REQUEST, flags, []),
            *(parser.OFPBundleAddMsg(datapath, bundle_id, flags, mod, []) for mod in mods),
            parser.OFPBundleCtrlMsg(datapath, bundle_id, ofp.OFPBCT_COMMIT_REQUEST, flags, []),
        ]

    def _flow_request(self) -> Any:
        return self.datapath.ofproto_parser.OFPFlowStatsRequest(self.datapath)

    def _match(self, rule: Rule) -> Any:
        fields = {"in_port": rule.in_port, "eth_dst": rule.eth_dst}
        return self.datapath.ofproto_parser.OFPMatch(
            **{name: value for name, value in fields.items() if value is not None}
        )

    def _addition(self, rule: Rule) -> Any:
        parser, ofp = self.datapath.ofproto_parser, self.datapath.ofproto
        instructions = []
        if rule.out_ports:
            actions = [parser.OFPActionOutput(port, 0) for port in rule.out_ports]
            instructions = [parser.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, actions)]
        return parser.OFPFlowMod(
            self.datapath,
            cookie=rule.cookie,
            table_id=0,
            command=ofp.OFPFC_ADD,
            priority=rule.priority,
            match=self._match(rule),
            instructions=instructions,
        )

    def _removal(self, table_id: int, priority: int, match: Any) -> Any:
        parser, ofp = self.datapath.ofproto_parser, self.datapath.ofproto
        return parser.OFPFlowMod(
            self.datapath,
            table_id=table_id,
            command=ofp.OFPFC_DELETE_STRICT,
            priority=priority,
            out_port=ofp.OFPP_ANY,
            out_group=ofp.OFPG_ANY,
            match=match,
            instructions=[],
        )

    def _port_mod(self, port: int, *, down: bool) -> Any:
        parser, ofp = self.datapath.ofproto_parser, self.datapath.ofproto
        if port not in self._addresses:
            raise ControlError(ErrorCode.SWITCH_REFUSED, f"switch {self.dpid:#x} has no port {port}: is it plugged in?")
        return parser.OFPPortMod(
            self.datapath,
            port_no=port,
            hw_addr=self._addresses[port],
            config=ofp.OFPPC_PORT_DOWN if down else 0,
            mask=ofp.OFPPC_PORT_DOWN,
            properties=[],
        )

    def _to_rule(self, flow: Any) -> Rule | None:
        ofp = self.datapath.ofproto
        fields = dict(flow.match.items())
        if flow.table_id != 0 or flow.idle_timeout or flow.hard_timeout or not fields.keys() <= _SIMPLE_MATCH:
            return None
        out_ports: tuple[int, ...] = ()
        if flow.instructions:
            actions = getattr(flow.instructions[0], "actions", [])
            if len(flow.instructions) != 1 or not actions or any(one.type != ofp.OFPAT_OUTPUT for one in actions):
                return None
            out_ports = tuple(one.port for one in actions)
        eth_dst = fields.get("eth_dst")
        if eth_dst is not None and not isinstance(eth_dst, str):  # a pair: address and mask
            return None
        return Rule(flow.priority, fields.get("in_port"), eth_dst, out_ports, flow.cookie)
