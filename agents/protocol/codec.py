"""Codec: one authenticated datagram format, from messages to bytes and back.

This module decides how the tables of `format.py` become bytes and how a wrong datagram is refused. It leaves to
`messages.py` what the messages mean, to the cores what a replay is, and to the driver what is done with a refusal
(counted, traced, dropped). A datagram names its recipient and its network, so one message is sealed once for each. The
tag is HMAC-SHA-256 over header and body under the run's key, cut to its first 16 bytes: RFC 2104 section 5 allows half
the hash, and 128 bits cannot be guessed. Tag and cluster are checked before the body is looked at.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, get_args, get_type_hints

import msgspec

from herzschlag.agents.protocol.format import (
    BODIES,
    DATAGRAM_MAX,
    HEADER,
    HEADER_BYTES,
    IP_UDP_BYTES,
    JSON_MAX,
    KEY_BYTES_MIN,
    KINDS,
    MAGIC,
    ROLES,
    TAG_BYTES,
    VERSION,
    Field,
    name_from_wire,
    name_to_wire,
)
from herzschlag.agents.protocol.messages import MESSAGE_TYPES, Address, AnyMessage, Datagram, Message
from herzschlag.agents.states import Role


class WireError(ValueError):
    """The peer's fault: the datagram is to be counted and dropped. `reason` is one word for records."""

    reason = "malformed"


class Malformed(WireError):
    """Not ours, cut short, or with an impossible field."""


class TooLong(WireError):
    reason = "too-long"


class WrongVersion(WireError):
    reason = "wrong-version"


class WrongCluster(WireError):
    reason = "wrong-cluster"


class WrongTag(WireError):
    reason = "wrong-tag"


class NotForUs(WireError):
    """Sent to another node, or over another network: it was recorded, and sent here once more."""

    reason = "not-for-us"


class Unencodable(ValueError):
    """Our own fault: a message that does not fit the format. The text names type, field and value."""


_HEADER = struct.Struct("!" + "".join(KINDS[field.kind].code for field in HEADER))
_U16 = struct.Struct("!H")
_DECODE_FAULTS = (ValueError, struct.error, zlib.error, msgspec.MsgspecError, IndexError, RecursionError)
"""Every exception that parsing hostile bytes can raise: bad UTF-8 and JSON, short data, unknown enums, deep nesting."""
_ENCODE_FAULTS = (ValueError, TypeError, AttributeError, struct.error, OverflowError, msgspec.MsgspecError)

_Write = Callable[[Any], bytes]
_Read = Callable[[bytes, int], tuple[Any, int]]
"""(data, where) -> (value, where the next field begins)."""


def _write_text(value: str) -> bytes:
    raw = value.encode()
    return _U16.pack(len(raw)) + raw


def _read_block(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = _U16.unpack_from(data, at)
    end = at + 2 + length
    if end > len(data):
        raise ValueError(f"a field of {length} bytes ends beyond the body")
    return data[at + 2 : end], end


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    raw, end = _read_block(data, at)
    return raw.decode(), end


def _write_texts(values: tuple[str, ...]) -> bytes:
    return _U16.pack(len(values)) + b"".join(map(_write_text, values))


def _read_texts(data: bytes, at: int) -> tuple[tuple[str, ...], int]:
    (count,) = _U16.unpack_from(data, at)
    at += 2
    values: list[str] = []
    for _ in range(count):
        value, at = _read_text(data, at)
        values.append(value)
    return tuple(values), at


def _write_padding(value: int) -> bytes:
    return _U16.pack(value) + bytes(value)


def _read_padding(data: bytes, at: int) -> tuple[int, int]:
    raw, end = _read_block(data, at)
    if raw.strip(b"\0"):
        raise ValueError("padding is not all zeros")
    return len(raw), end


def _unpack(raw: bytes) -> bytes:
    stream = zlib.decompressobj()
    plain = stream.decompress(raw, JSON_MAX)
    if not stream.eof or stream.unused_data:
        raise ValueError(f"a compressed field is cut, has a tail, or is longer than {JSON_MAX} bytes")
    return plain


def _json_codec(value_type: Any, *, packed: bool) -> tuple[_Write, _Read]:
    encode = msgspec.json.Encoder().encode
    decode = msgspec.json.Decoder(value_type).decode

    def write(value: Any) -> bytes:
        plain = encode(value)
        if len(plain) > JSON_MAX:
            raise ValueError(f"a document of {len(plain)} bytes is longer than {JSON_MAX}")
        raw = zlib.compress(plain) if packed else plain
        return _U16.pack(len(raw)) + raw

    def read(data: bytes, at: int) -> tuple[Any, int]:
        raw, end = _read_block(data, at)
        return decode(_unpack(raw) if packed else raw), end

    return write, read


_VARIABLE: dict[str, tuple[_Write, _Read]] = {
    "text": (_write_text, _read_text),
    "texts": (_write_texts, _read_texts),
    "padding": (_write_padding, _read_padding),
}


class _FixedRun:
    """Neighbouring fields of fixed length: one struct call for all of them."""

    def __init__(self, fields: list[Field]) -> None:
        self.names = tuple(field.name for field in fields)
        kinds = [KINDS[field.kind] for field in fields]
        self.struct = struct.Struct("!" + "".join(kind.code for kind in kinds))
        self.to_wire = [(i, kind.to_wire) for i, kind in enumerate(kinds) if kind.to_wire]
        self.from_wire = [(i, kind.from_wire) for i, kind in enumerate(kinds) if kind.from_wire]
        self._get = attrgetter(*self.names)
        self._single = len(fields) == 1

    def write(self, message: Message) -> bytes:
        got = self._get(message)
        values = [got] if self._single else list(got)
        for i, convert in self.to_wire:
            values[i] = convert(values[i])
        return self.struct.pack(*values)

    def read(self, data: bytes, at: int, into: dict[str, Any]) -> int:
        values = list(self.struct.unpack_from(data, at))
        for i, convert in self.from_wire:
            values[i] = convert(values[i])
        into.update(zip(self.names, values, strict=True))
        return at + self.struct.size


class _VariableField:
    def __init__(self, field: Field, value_type: Any) -> None:
        self.name = field.name
        if field.kind in _VARIABLE:
            self._write, self._read = _VARIABLE[field.kind]
        else:
            self._write, self._read = _json_codec(value_type, packed=field.kind == "zjson")

    def write(self, message: Message) -> bytes:
        return self._write(getattr(message, self.name))

    def read(self, data: bytes, at: int, into: dict[str, Any]) -> int:
        into[self.name], at = self._read(data, at)
        return at


class _Body:
    """The compiled body of one message type."""

    def __init__(self, number: int, message_type: type[Message], fields: tuple[Field, ...]) -> None:
        own = set(message_type.__struct_fields__) - set(Message.__struct_fields__)
        assert own == {field.name for field in fields}, f"wire table of {message_type.__name__} and its struct differ"
        types = get_type_hints(message_type)
        self.number = number
        self.message_type = message_type
        self.parts: list[_FixedRun | _VariableField] = []
        run: list[Field] = []
        for field in fields:
            if KINDS[field.kind].code:
                run.append(field)
                continue
            if run:
                self.parts.append(_FixedRun(run))
                run = []
            self.parts.append(_VariableField(field, types[field.name]))
        if run:
            self.parts.append(_FixedRun(run))


_BODY_OF_TYPE: dict[type[Message], _Body] = {
    message_type: _Body(number, message_type, BODIES[message_type.__name__])
    for number, message_type in MESSAGE_TYPES.items()
}
_BODY_OF_NUMBER: dict[int, _Body] = {body.number: body for body in _BODY_OF_TYPE.values()}


def cluster_hash(cluster: str) -> bytes:
    return hashlib.sha256(cluster.encode()).digest()[:8]


class Codec:
    """Encoder and decoder of one cluster under one key."""

    def __init__(self, cluster: str, key: bytes) -> None:
        if len(key) < KEY_BYTES_MIN:
            raise ValueError(f"key of {len(key)} bytes: at least {KEY_BYTES_MIN} are needed; secrets.token_bytes(32)")
        self._cluster = cluster_hash(cluster)
        self._key = key

    def encode(self, message: AnyMessage, address: Address) -> bytes:
        """The whole datagram. Raises Unencodable for a message of ours that does not fit."""
        return next(self.encode_all(message, (address,)))

    def encode_all(self, message: AnyMessage, addresses: Iterable[Address]) -> Iterator[bytes]:
        """One datagram for each address, in their order; the body is encoded once. Raises Unencodable."""
        body_codec = _BODY_OF_TYPE[type(message)]
        try:
            body = b"".join([part.write(message) for part in body_codec.parts])
            if len(body) > DATAGRAM_MAX - HEADER_BYTES - TAG_BYTES:
                raise ValueError(f"its body of {len(body)} bytes makes it longer than {DATAGRAM_MAX}")
            sender = name_to_wire(message.sender)
            for to, network, to_boot in addresses:
                header = _HEADER.pack(
                    MAGIC,
                    VERSION,
                    body_codec.number,
                    0,
                    len(body),
                    self._cluster,
                    sender,
                    message.boot,
                    message.sequence,
                    message.sent_ns,
                    name_to_wire(to),
                    to_boot,
                    name_to_wire(network),
                )
                data = header + body
                yield data + hmac.digest(self._key, data, "sha256")[:TAG_BYTES]
        except _ENCODE_FAULTS as error:
            raise Unencodable(f"{type(message).__name__} of {message.sender}: {error}") from error

    def read(self, data: bytes, node: str, network: str) -> Datagram:
        """As `decode`, for what reached a node over a network: raises NotForUs where it names others."""
        found = self.decode(data)
        to, over, _ = found.address
        if to != node or over != network:
            raise NotForUs(f"{type(found.message).__name__} of {found.message.sender} is for {to} on {over}")
        return found

    def decode(self, data: bytes) -> Datagram:
        """The message, and for whom it is. Raises a WireError, and nothing else, whatever the bytes are."""
        size = len(data)
        if size > DATAGRAM_MAX:
            raise TooLong(f"{size} bytes, above {DATAGRAM_MAX}")
        if size < HEADER_BYTES + TAG_BYTES:
            raise Malformed(f"{size} bytes, below {HEADER_BYTES + TAG_BYTES}")
        magic, version, number, flags, length, cluster, *header = _HEADER.unpack_from(data)
        if magic != MAGIC:
            raise Malformed(f"begins with {magic!r}, not {MAGIC!r}")
        if version != VERSION:
            raise WrongVersion(f"version {version}, not {VERSION}")
        if cluster != self._cluster:
            raise WrongCluster(f"cluster {cluster.hex()}, not {self._cluster.hex()}")
        signed = data[:-TAG_BYTES]
        if not hmac.compare_digest(hmac.digest(self._key, signed, "sha256")[:TAG_BYTES], data[-TAG_BYTES:]):
            raise WrongTag(f"tag of a datagram of {size} bytes is wrong")
        body_codec = _BODY_OF_NUMBER.get(number)
        if body_codec is None or flags or HEADER_BYTES + length + TAG_BYTES != size:
            raise Malformed(f"type {number}, flags {flags}, body of {length} in {size} bytes")
        sender, boot, sequence, sent_ns, to, to_boot, network = header
        values: dict[str, Any] = {"boot": boot, "sequence": sequence, "sent_ns": sent_ns}
        try:
            values["sender"] = name_from_wire(sender)
            address = Address(name_from_wire(to), name_from_wire(network), to_boot)
            at = HEADER_BYTES
            for part in body_codec.parts:
                at = part.read(signed, at, values)
        except _DECODE_FAULTS as error:
            raise Malformed(f"{body_codec.message_type.__name__}: {error}") from error
        if at != size - TAG_BYTES or not (values["sender"] and address.to and address.network):
            why = f"no sender, recipient or network, or {size - TAG_BYTES - at} bytes too many"
            raise Malformed(f"{body_codec.message_type.__name__}: {why}")
        return Datagram(address, body_codec.message_type(**values))  # type: ignore[arg-type]  # of MESSAGE_TYPES


def padding_for(mtu: int, message_type: type[Message]) -> int:
    """How many padding bytes make a Join or Welcome exactly as long as the MTU allows."""
    fixed = sum(part.struct.size for part in _BODY_OF_TYPE[message_type].parts if isinstance(part, _FixedRun))
    return max(0, mtu - IP_UDP_BYTES - HEADER_BYTES - fixed - 2 - TAG_BYTES)


assert _HEADER.size == HEADER_BYTES
assert set(ROLES) == set(get_args(Role))
