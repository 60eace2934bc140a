"""Calls libnftables in this process instead of starting `nft`, with one context per network namespace.

This module decides nothing but how the library is called. A program for each node costs 15 ms, nearly all of it for
coming up; the library takes 0.1 ms for the same script, so that all nodes' filters change at almost the same instant.
Source: libnftables(3), libnftables-json(5).
"""

from __future__ import annotations

import ctypes
import functools
import json
from typing import Any

from herzschlag.topo.errors import LabError, UnusableMachineError
from herzschlag.topo.kernel.netlink import InNetwork

_LIBRARY = "libnftables.so.1"
_OUTPUT_JSON = 1 << 4


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        raise UnusableMachineError(
            f"the library {_LIBRARY}, which packet filters need,", fix="sudo apt-get install nftables"
        ) from None
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_get_error_buffer.restype = library.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
    return library


class Nftables:
    """The filters of one network namespace, for a caller in any other."""

    def __init__(self, netns: int) -> None:
        library = self._library = _library()
        self._netns = netns
        with InNetwork(netns):  # its socket belongs to where it is made
            self._context = ctypes.c_void_p(library.nft_ctx_new(0))
        if not self._context:
            raise LabError("libnftables returned no context: this process is out of memory or of file descriptors")
        library.nft_ctx_buffer_output(self._context)
        library.nft_ctx_buffer_error(self._context)

    def close(self) -> None:
        self._library.nft_ctx_free(self._context)

    def run(self, script: str) -> None:
        """Apply the whole script, or nothing if the kernel lacks something. A trial run beforehand would take a hundred
        times as long."""
        refused = self._run(script)[1]
        if refused:
            raise UnusableMachineError(
                f"something of nftables, which refused a filter ({refused}),",
                fix="use a kernel with nftables, its numgen, dup, fwd and egress hook (Linux 5.16 or newer)",
            )

    def packets(self) -> int:
        """What all counters of the namespace have counted, together."""
        self._library.nft_ctx_output_set_flags(self._context, ctypes.c_uint(_OUTPUT_JSON))
        try:
            said, refused = self._run("list ruleset")
        finally:
            self._library.nft_ctx_output_set_flags(self._context, ctypes.c_uint(0))
        if refused:
            raise LabError(f"nftables did not return its counters: {refused}")
        return sum(_counters(json.loads(said)))

    def _run(self, text: str) -> tuple[str, str]:
        """(output, reason of a refusal)."""
        with InNetwork(self._netns):  # names of interfaces are looked up where the call is made
            status = self._library.nft_run_cmd_from_buffer(self._context, text.encode())
        said = self._library.nft_ctx_get_output_buffer(self._context).decode(errors="replace")
        errors = self._library.nft_ctx_get_error_buffer(self._context).decode(errors="replace")
        return said, (errors.strip() or "no reason given") if status else ""


def _counters(value: Any) -> list[int]:
    """The packets of every counter, however deep."""
    if isinstance(value, list):
        return [packets for inner in value for packets in _counters(inner)]
    if not isinstance(value, dict):
        return []
    own = [value["counter"]["packets"]] if isinstance(value.get("counter"), dict) else []
    return own + [packets for inner in value.values() for packets in _counters(inner)]
