"""The Wireshark dissector: the tables of the wire format as Lua, followed by the code that reads by them.

This module decides how tables look in Lua and where Wireshark expects the file. It leaves the format to
`agents/protocol/format.py`, its only description, and showing it to `dissector.lua`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

from herzschlag.agents.protocol.format import (
    BODIES,
    DATAGRAM_MAX,
    HEADER,
    HEADER_BYTES,
    KINDS,
    MAGIC,
    ROLES,
    TAG_BYTES,
    VERSION,
    Field,
)
from herzschlag.agents.protocol.messages import MESSAGE_TYPES
from herzschlag.history.records import write_whole
from herzschlag.topo.capture.capture import HA_PORT

FILE_NAME = "herzschlag.lua"
_PLACE = "--@tables@\n"
_FOLDERS_S_MAX = 20
_PERSONAL = Path("~/.local/lib/wireshark/plugins")
"""Where Wireshark looks on Unix; asked of tshark itself where it is installed."""


def label(message: str) -> str:
    """Name of a message in filters: `RestartOrder` is `herzschlag.restart_order`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", message).lower()


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _fields(fields: tuple[Field, ...]) -> str:
    rows = []
    for field in fields:
        size = KINDS[field.kind].size
        sized = "" if size is None else f", size = {size}"
        rows.append(
            f"{{ name = {_text(field.name)}, kind = {_text(field.kind)}{sized}, meaning = {_text(field.meaning)} }}"
        )
    return "{ " + ", ".join(rows) + " }"


def tables() -> str:
    """The wire format as a Lua table."""
    lines = [
        "local WIRE = {",
        f"    magic = {_text(MAGIC.decode())}, version = {VERSION}, port = {HA_PORT},",
        f"    header_bytes = {HEADER_BYTES}, tag_bytes = {TAG_BYTES}, datagram_max = {DATAGRAM_MAX},",
        f"    roles = {{ {', '.join(_text(role) for role in ROLES)} }},",
        f"    header = {_fields(HEADER)},",
        "    bodies = {",
    ]
    for number, message in MESSAGE_TYPES.items():
        name = message.__name__
        fields = _fields(BODIES[name])
        lines.append(
            f"        [{number}] = {{ name = {_text(name)}, label = {_text(label(name))}, fields = {fields} }},"
        )
    return "\n".join([*lines, "    },", "}", ""])


def dissector() -> str:
    """The whole Lua script."""
    code = resources.files("herzschlag.packets").joinpath("dissector.lua").read_text(encoding="utf-8")
    before, place, after = code.partition(_PLACE)
    assert place, f"dissector.lua has lost its line {_PLACE!r}"
    return before + tables() + after


def personal_folder() -> Path:
    """Where Wireshark and tshark load scripts from by themselves."""
    if shutil.which("tshark"):
        told = subprocess.run(
            ["tshark", "-G", "folders"], capture_output=True, text=True, timeout=_FOLDERS_S_MAX, check=False
        ).stdout
        for line in told.splitlines():
            what, _, where = line.partition(":")
            if what == "Personal Lua Plugins" and where.strip():
                return Path(where.strip())
    return _PERSONAL.expanduser()


def install(folder: Path | None = None) -> Path:
    """Put the script where Wireshark finds it; returns where that is. Raises OSError."""
    target = (folder or personal_folder()) / FILE_NAME
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, dissector().encode())
    return target
