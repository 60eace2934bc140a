"""The control channel refuses nonsense, and says what was wrong with it."""

import pytest

from herzschlag.controller.messages import (
    Configure,
    ControlError,
    CutStatus,
    Done,
    ErrorCode,
    Failed,
    ForwardStatus,
    Network,
    Port,
    Quit,
    Reply,
    Request,
    SetCuts,
    Status,
    StatusReply,
    SwitchStatus,
    decode_reply,
    decode_request,
    encode,
)

REQUESTS = [
    Configure(networks={"A": Network(10, {"host-98": Port(1, "02:00:00:00:00:01")})}, request_id=1),
    SetCuts(silent=(("A", "host-98", "host-99"),), ports_down=(("B", "gateway"),), request_id=2),
    SetCuts(),
    Status(request_id=3),
    Quit(),
]

REPLIES = [
    Done(asked_ns=1, effective_ns=2, certain=False, flows_changed=3, ports_changed=1, request_id=7),
    Failed(code=ErrorCode.UNKNOWN_NODE, message="no such node", request_id=8),
    StatusReply(
        framework="ryu",
        framework_version="4.34",
        at_ns=5,
        certain=True,
        switches=(SwitchStatus("A", 10, True, 4), SwitchStatus("B", 11, False, None)),
        cuts=(CutStatus("A", "host-98", "host-99", 20, 2000), CutStatus("B", "host-98", "host-99", None, None)),
        ports_down=(("B", "gateway"),),
        forwarded=(ForwardStatus("A", "host-98", 12, 1200),),
    ),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_a_request_is_one_line_and_comes_back_as_it_was(request_: Request) -> None:
    line = encode(request_)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_request(line) == request_


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: type(reply).__name__)
def test_a_reply_comes_back_as_it_was(reply: Reply) -> None:
    assert decode_reply(encode(reply)) == reply


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"", "truncated"),
        (b"cut everything", "malformed"),
        (b"[]", "object"),
        (b"{}", "type"),
        (b'{"type": "cut"}', "cut"),
        (b'{"type": "status", "verbose": true}', "verbose"),
        (b'{"type": "status", "request_id": "one"}', "request_id"),
        (b'{"type": "configure"}', "networks"),
        (b'{"type": "configure", "networks": {"A": {"dpid": 1, "ports": {}, "mtu": 9}}}', "mtu"),
        (b'{"type": "configure", "networks": {"A": {"dpid": "1", "ports": {}}}}', "dpid"),
        (b'{"type": "set-cuts", "silent": [["A", "host-98"]]}', "length 3"),
        (b'{"type": "set-cuts", "silent": [["A", "host-98", 99]]}', "silent"),
        (b'{"type": "set-cuts", "ports_down": "all"}', "ports_down"),
        (b'{"type": "done", "asked_ns": 1, "effective_ns": 2}', "done"),
    ],
)
def test_nonsense_is_refused_by_name(line: bytes, complaint: str) -> None:
    with pytest.raises(ControlError, match=complaint) as refused:
        decode_request(line)
    assert refused.value.code is ErrorCode.MALFORMED
