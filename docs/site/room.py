"""Takes the first scene of `herzschlag lesson --lang de` as a browser does, and says what it was told, as JSON.

python room.py PROGRAM     with the Python of the environment that PROGRAM is installed in

This module decides the conversation of one pupil. `zipped.py --check` runs it where it has no rights and no network.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

SECONDS_MAX = 120


def take(program: str) -> dict[str, Any]:
    """The page's text, the chapter's title, and the answers of its first scene."""
    command = [program, "lesson", "--lang", "de", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lesson:
        try:
            assert lesson.stdout is not None
            link = next(found[0] for line in lesson.stdout if (found := re.search(r"http://\S+", line)))
            return visit(link)
        finally:
            lesson.terminate()


def visit(link: str) -> dict[str, Any]:
    cookies = CookieJar()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(cookies))
    with opener.open(link, timeout=SECONDS_MAX) as page:
        text = page.read().decode()
    home = link.split("/?", maxsplit=1)[0]
    kept = "; ".join(f"{one.name}={one.value}" for one in cookies)
    talk = home.replace("http://", "ws://") + "/talk"
    with connect(talk, additional_headers={"cookie": kept, "origin": home}, proxy=None) as socket:
        asked = until(socket, "ask")
        socket.send(json.dumps({"do": "go", "chapter": asked["chapter"], "scene": asked["scene"]}).encode())
        told = until(socket, "told")
    return {
        "user": os.getuid() if hasattr(os, "getuid") else None,
        "networks": [line.split(":")[0].strip() for line in _interfaces()],
        "page": text,
        "title": told["title"],
        "answers": [answer["told"] for answer in told["answers"]],
    }


def until(socket: ClientConnection, phase: str) -> dict[str, Any]:
    while True:
        news: dict[str, Any] = json.loads(socket.recv(timeout=SECONDS_MAX))
        if news.get("phase") == phase:
            return news


def _interfaces() -> list[str]:
    devices = Path("/proc/net/dev")
    return devices.read_text(encoding="utf-8").splitlines()[2:] if devices.exists() else []  # Linux has it


if __name__ == "__main__":
    sys.stdout.write(json.dumps(take(sys.argv[1])))
