"""The only module that imports a framework: Ryu where it is installed, os-ken otherwise, behind the same few names.

The two are one code base that parted; what differs and matters to us is evened out here and nowhere else:

- Ryu runs on green threads, os-ken 4 on native ones (`threads.py`).
- os-ken's native `hub.kill` does nothing, so the thread that sends to a switch would outlive its connection and hold
  back the news that the switch is gone. We end that thread by handing it a last, empty message.
- Neither says when it listens. os-ken logs that the port is taken and goes on; Ryu shares it with a process that
  listens already, so that switches reach one of the two by chance. We try the port first, and our server class reports.
"""

from __future__ import annotations

import importlib
import os
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from herzschlag.controller import threads
from herzschlag.controller.frameworks import chosen
from herzschlag.controller.lean import leave_out

Handler = TypeVar("Handler", bound=Callable[..., None])

_framework = chosen(os.environ)
NAME = _framework.name
VERSION = _framework.version


def _load(name: str) -> Any:
    return importlib.import_module(f"{_framework.module}.{name}")


leave_out(_framework.module)
THREADS = threads.load(_framework)
_cfg = _load("cfg")
_app_manager = _load("base.app_manager")
_controller = _load("controller.controller")
_handler = _load("controller.handler")
_ofp_event = _load("controller.ofp_event")
_ofproto_v1_4 = _load("ofproto.ofproto_v1_4")

App: Any = _app_manager.RyuApp if NAME == "ryu" else _app_manager.OSKenApp
OPENFLOW_VERSION: int = _ofproto_v1_4.OFP_VERSION
MAIN: str = _handler.MAIN_DISPATCHER
DEAD: str = _handler.DEAD_DISPATCHER

Listening = Callable[[OSError | None], None]


def on(event: str, *states: str) -> Callable[[Handler], Handler]:
    """Decorate a method of the application: it handles this OpenFlow event in these states of the connection."""
    decorate: Callable[[Handler], Handler] = _handler.set_ev_cls(getattr(_ofp_event, event), list(states))
    return decorate


def run_app(dotted_name: str, host: str, port: int, listening: Listening) -> None:
    """Run the application of this module until the process ends.

    `listening` is called once: with None when switches can connect, or with the error that prevents it.
    """
    try:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        listening(error)
        return
    server_class = _controller.StreamServer

    class AnnouncingServer(server_class):  # type: ignore[misc, valid-type]  # the framework is untyped
        def __init__(self, *args: Any, **settings: Any) -> None:
            try:
                super().__init__(*args, **settings)
            except OSError as error:
                listening(error)
                raise
            listening(None)

    _controller.StreamServer = AnnouncingServer
    if NAME == "os-ken":
        _end_sender_with_receiver(_controller.Datapath)
    # No configuration files: what happens to lie in /etc of the machine must not change a run.
    _cfg.CONF(
        args=["--ofp-listen-host", host, "--ofp-tcp-listen-port", str(port)],
        project="herzschlag",
        default_config_files=[],
        default_config_dirs=[],
    )
    _app_manager.AppManager.run_apps([dotted_name])


def _end_sender_with_receiver(datapath_class: Any) -> None:
    receive = datapath_class._recv_loop

    def receive_then_end_sender(datapath: Any) -> None:
        try:
            receive(datapath)
        finally:
            datapath.send(b"", close_socket=True)

    datapath_class._recv_loop = receive_then_end_sender
