"""The application inside the framework: OpenFlow events in, calls of the service out.

It decides nothing: service.py does. Switches that have shaken hands are announced to it, switches that left are
reported gone, and replies are passed to the switch they belong to.
"""

from __future__ import annotations

from typing import Any, ClassVar

from controller import framework
from controller.service import Service
from controller.switch import OpenFlowSwitch
from controller.vswitchd import settle


class LinkCutter(framework.App):  # type: ignore[misc]  # the framework is untyped
    """The one application that runs in the controller's process."""

    OFP_VERSIONS: ClassVar[list[int]] = [framework.OPENFLOW_VERSION]
    service: ClassVar[Service] = Service(framework.NAME, framework.VERSION, settle)

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._switches: dict[Any, OpenFlowSwitch] = {}  # by connection: a switch may come back before it was missed

    @framework.on("EventOFPStateChange", framework.MAIN, framework.DEAD)
    def state_changed(self, event: Any) -> None:
        """A switch is ready, or its connection has ended."""
        if event.state == framework.MAIN:
            switch = self._switches[event.datapath] = OpenFlowSwitch(event.datapath)
            self.service.connected(switch)
            return
        left = self._switches.pop(event.datapath, None)
        if left is not None:
            left.lost()
            self.service.gone(left)

    @framework.on("EventOFPBarrierReply", framework.MAIN)
    @framework.on("EventOFPBundleCtrlMsg", framework.MAIN)
    @framework.on("EventOFPFlowStatsReply", framework.MAIN)
    @framework.on("EventOFPPortDescStatsReply", framework.MAIN)
    @framework.on("EventOFPErrorMsg", framework.MAIN)
    def replied(self, event: Any) -> None:
        """A switch answered something."""
        switch = self._switches.get(event.msg.datapath)
        if switch is not None:
            switch.received(event.msg)
