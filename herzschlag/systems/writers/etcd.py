"""A client of one etcd member, by its JSON gateway, and a way to say who shall lead at the start.

Source: etcd v3.4, the developer guide on its gRPC gateway.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
from typing import Any

from herzschlag.systems.writers.writing import ANSWER_S, Refusal

PORT = 2379
LEAD_S = 10.0
"""How long a leader, and the transfer, are waited for."""
READ_S = 5.0


class Client:
    def __init__(self, address: str) -> None:
        self._address = address

    def put(self, key: str, value: str) -> None:
        _ask(self._address, "kv/put", {"key": _coded(key), "value": _coded(value)}, ANSWER_S)

    def keys(self, prefix: str) -> list[str]:
        """Linearizable: what the member has not caught up with yet is there as well."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        wanted = {"key": _coded(prefix), "range_end": _coded(end), "keys_only": True}
        try:
            answer = _ask(self._address, "kv/range", wanted, READ_S)
        except Refusal as error:
            raise ConnectionError(str(error)) from None
        return [base64.b64decode(one["key"]).decode() for one in answer.get("kvs", ())]

    def lead(self, host: str) -> None:
        """Have this host's member lead. Raises TimeoutError."""
        deadline = time.monotonic() + LEAD_S
        while time.monotonic() < deadline:
            try:
                if self._leads(host):
                    return
            except (OSError, Refusal):
                pass  # it starts, or has no leader yet
            time.sleep(0.1)
        raise TimeoutError(f"{host} did not lead within {LEAD_S:.0f} s")

    def _leads(self, host: str) -> bool:
        status = _ask(self._address, "maintenance/status", {}, ANSWER_S)
        members = _ask(self._address, "cluster/member/list", {}, ANSWER_S)["members"]
        mine, leader = member(members, "name", host), member(members, "ID", status.get("leader", "0"))
        if mine is not None and leader is not None and mine != leader:
            at = leader["clientURLs"][0].removeprefix("http://").rpartition(":")[0]
            _ask(at, "maintenance/transfer-leadership", {"targetID": mine["ID"]}, ANSWER_S)
        return mine is not None and mine == leader


def member(members: list[dict[str, Any]], field: str, text: str) -> dict[str, Any] | None:
    """The one that has this there; None while it has not told the others where clients reach it."""
    return next((one for one in members if one.get(field) == text and one.get("clientURLs")), None)


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _ask(address: str, what: str, wanted: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """Raises Refusal when the member says so, OSError when it does not answer, or cannot know."""
    connection = http.client.HTTPConnection(address, PORT, timeout=timeout_s)
    try:
        connection.request("POST", f"/v3/{what}", json.dumps(wanted))
        answer = connection.getresponse()
        said = answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()
    return understood(answer.status, said)


def understood(status: int, said: bytes) -> dict[str, Any]:
    """A request that timed out inside etcd may have been written, or may yet be."""
    text = said.decode(errors="replace")
    if status == http.client.OK:
        found: dict[str, Any] = json.loads(text)
        return found
    if status in (http.client.SERVICE_UNAVAILABLE, http.client.GATEWAY_TIMEOUT):
        raise TimeoutError(text)
    raise Refusal(f"{status} {text}")
