"""The application inside the framework: OpenFlow events in, calls of the service out.

It decides nothing: service.py does. Switches that have shaken hands are announced to it, switches that left are
reported gone, and replies are passed to the switch they belong to.
"""

from __future__ import annotations

from typing import Any, ClassVar

from herzschlag.controller import framework_api
from herzschlag.controller.service import Service
from herzschlag.controller.switch import OpenFlowSwitch
from herzschlag.controller.vswitchd import settle


class LinkCutter(framework_api.App):  # type: ignore[misc]  # the framework is untyped
    """The one application that runs in the controller's process."""

    OFP_VERSIONS: ClassVar[list[int]] = [framework_api.OPENFLOW_VERSION]
    service: ClassVar[Service] = Service(framework_api.NAME, framework_api.VERSION, settle, framework_api.THREADS)

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._switches: dict[Any, OpenFlowSwitch] = {}  # by connection: a switch may come back before it was missed

    @framework_api.on("EventOFPStateChange", framework_api.MAIN, framework_api.DEAD)
    def state_changed(self, event: Any) -> None:
        """A switch is ready, or its connection has ended."""
        if event.state == framework_api.MAIN:
            switch = self._switches[event.datapath] = OpenFlowSwitch(event.datapath, framework_api.THREADS)
            self.service.connected(switch)
            return
        left = self._switches.pop(event.datapath, None)
        if left is not None:
            left.lost()
            self.service.gone(left)

    @framework_api.on("EventOFPBarrierReply", framework_api.MAIN)
    @framework_api.on("EventOFPBundleCtrlMsg", framework_api.MAIN)
    @framework_api.on("EventOFPFlowStatsReply", framework_api.MAIN)
    @framework_api.on("EventOFPPortDescStatsReply", framework_api.MAIN)
    @framework_api.on("EventOFPErrorMsg", framework_api.MAIN)
    def replied(self, event: Any) -> None:
        """A switch answered something."""
        switch = self._switches.get(event.msg.datapath)
        if switch is not None:
            switch.received(event.msg)
