"""Requests and replies of the control channel, and the rules for a well-formed request.

One JSON object a line, in both directions, told apart by its `type`; unknown keys and wrong types are refused. This
file decides the shape of the channel and of its errors. What a request means for a switch is left to
links.py, carrying it out to service.py, and the socket to server.py and client.py.

State on this channel is absolute: a request says what holds from now on, never what changes; a repeat changes nothing.
Instants are nanoseconds of CLOCK_MONOTONIC, which all namespaces of a machine share.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

# 96 hosts, gateway and vCenter on two networks are 19,012 directed links of about 40 bytes each: well below 4 MiB.
LINE_BYTES_MAX = 4 * 1024 * 1024

DirectedLink: TypeAlias = tuple[str, str, str]
"""(network, source node, destination node)"""

NodePort: TypeAlias = tuple[str, str]
"""(network, node)"""


class ErrorCode(enum.Enum):
    """Why a request was refused. The first five leave everything as it was."""

    MALFORMED = "malformed"
    UNKNOWN_NETWORK = "unknown-network"
    UNKNOWN_NODE = "unknown-node"
    NOT_CONFIGURED = "not-configured"
    SWITCH_NOT_CONNECTED = "switch-not-connected"
    # From here on part of the request may have taken effect: repeat it, it is absolute.
    BUNDLES_UNSUPPORTED = "bundles-unsupported"
    SWITCH_REFUSED = "switch-refused"
    TIMEOUT = "timeout"
    INTERNAL = "internal"


class ControlError(Exception):
    """A request that was not carried out; becomes a Failed reply."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """Common settings of everything on the channel."""


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Common settings of the values inside messages."""


class Port(_Value, frozen=True):
    """Where a node is plugged in: OpenFlow port number, and the MAC address of the node's own interface."""

    port: int
    mac: str


class Network(_Value, frozen=True):
    """One switch: its datapath ID, and the nodes on it."""

    dpid: int
    ports: dict[str, Port]
    floods: bool = False
    """Multicasts, broadcasts and packets for unknown addresses go to every node that no cut keeps from their source;
    otherwise they are dropped."""


class Configure(_Message, frozen=True, tag="configure"):
    """Forward between these nodes. Cuts stay as they are: as ordered before, else as found on the switches.

    Switches may still be on their way: the request waits for them, and a configuration whose switch has not come in
    time is refused, but kept and installed when it comes.
    """

    networks: dict[str, Network]
    request_id: int | None = None


class SetCuts(_Message, frozen=True, tag="set-cuts"):
    """Exactly these links are cut from now on.

    `silent`: packets of source to destination vanish, carriers stay up. `ports_down`: the switch port of the node is
    down, so the node loses its carrier and both directions are dead.
    """

    silent: tuple[DirectedLink, ...] = ()
    ports_down: tuple[NodePort, ...] = ()
    request_id: int | None = None


class Status(_Message, frozen=True, tag="status"):
    """Tell what is connected, what is cut, and what the counters say."""

    request_id: int | None = None


class Quit(_Message, frozen=True, tag="quit"):
    """End the controller. Switches keep forwarding and cutting as they do."""

    request_id: int | None = None


class Done(_Message, frozen=True, tag="done"):
    """The request holds on every switch concerned since `effective_ns`.

    `certain`: not one packet sent later is treated the old way. False where the switches' own daemon could not be asked
    to drop its cached decisions; a few packets may then slip through in the first milliseconds.
    """

    asked_ns: int
    effective_ns: int
    certain: bool = True
    flows_changed: int = 0
    ports_changed: int = 0
    request_id: int | None = None


class SwitchStatus(_Value, frozen=True):
    """One switch; counters are None when it could not be asked."""

    network: str
    dpid: int
    connected: bool
    table_miss_packets: int | None


class CutStatus(_Value, frozen=True):
    """One silent cut and what it swallowed since it was set; None when the switch could not be asked. Where the network
    floods, that includes what the source flooded meanwhile, from the moment at which the order was carried out."""

    network: str
    src: str
    dst: str
    packets: int | None
    bytes: int | None


class ForwardStatus(_Value, frozen=True):
    """Packets the switch sent out to this node since it was configured; None when the switch could not be asked."""

    network: str
    node: str
    packets: int | None
    bytes: int | None


class FloodStatus(_Value, frozen=True):
    """Packets of this node that the switch flooded since it was configured; None when it could not be asked."""

    network: str
    node: str
    packets: int | None
    bytes: int | None


class StatusReply(_Message, frozen=True, tag="status-reply"):
    """Everything the controller knows, read from the switches at `at_ns`.

    `certain`: the counters include every packet until then. Otherwise they may lag by half a second.
    """

    framework: str
    framework_version: str
    at_ns: int
    certain: bool
    switches: tuple[SwitchStatus, ...]
    cuts: tuple[CutStatus, ...]
    ports_down: tuple[NodePort, ...]
    forwarded: tuple[ForwardStatus, ...]
    flooded: tuple[FloodStatus, ...] = ()
    request_id: int | None = None


class Failed(_Message, frozen=True, tag="failed"):
    """The request was not carried out, and why."""

    code: ErrorCode
    message: str
    request_id: int | None = None


Request: TypeAlias = Configure | SetCuts | Status | Quit
Reply: TypeAlias = Done | StatusReply | Failed

_encoder = msgspec.json.Encoder()
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that decoding any bytes can raise: text that is not UTF-8, deep nesting."""
_request_decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_reply_decoder: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def encode(message: Request | Reply) -> bytes:
    """One line, with its newline."""
    return _encoder.encode(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """Read one line of a client; raises ControlError(MALFORMED)."""
    try:
        return _request_decoder.decode(line)
    except _UNREADABLE as error:
        raise ControlError(ErrorCode.MALFORMED, f"request refused: {error}; see controller/messages.py") from None


def decode_reply(line: bytes) -> Reply:
    """Read one line of the controller; raises ControlError(MALFORMED)."""
    try:
        return _reply_decoder.decode(line)
    except _UNREADABLE as error:
        raise ControlError(ErrorCode.MALFORMED, f"reply not understood: {error}") from None
