"""The records that a run's packets give: the last heartbeats before its faults, and what was sent.

This module decides which of them a scenario gets and where they lie in its history: just ahead of its end, because
expectations look no further. Agents write on until the lab is taken down, so the last record is not always the end. It
leaves reading packets to `packets`.
"""

from __future__ import annotations

from herzschlag.history.kinds import HarnessEntry
from herzschlag.history.records import RUNNER, SECOND, History, written
from herzschlag.history.sent import counted
from herzschlag.packets.annotate import Taken
from herzschlag.packets.last_heartbeats import before_faults
from herzschlag.packets.sent_packets import sent_packets
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan
from herzschlag.systems.filling import interval_s


def with_packets(history: History, taken: Taken, scenario: Scenario) -> History:
    """The history with what its packets say about the last heartbeats before faults, and about what was sent where the
    scenario asks for that."""
    plan = make_plan(scenario)
    ends = history.of_kind("end")
    place, end_ns = (ends[0].seq, ends[0].at_ns) if ends else (len(history), history.end_ns)
    interval_ns, foreign = plan.timers.heartbeat_interval_ns, None
    if plan.system is not None and plan.system.heartbeats is not None:
        foreign, interval_ns = plan.system.heartbeats, round(interval_s(plan.system) * SECOND)
    found: list[HarnessEntry] = []
    if plan.system is None or foreign is not None:  # else its heartbeats cannot be told from what else it sends
        found += before_faults(
            taken.capture,
            taken.facts,
            history,
            plan.topology,
            interval_ns,
            foreign=foreign,
            by_network=plan.system is not None and plan.system.has_links,
        )
    if plan.counts_packets and (ready := history.of_kind("ready")):
        packets = sent_packets(taken.capture, taken.facts, plan.topology)
        found += counted(packets, ready[0].at_ns, end_ns)
    told = [written(end_ns, RUNNER, entry) for entry in found]
    return History.ordered([*history.records[:place], *told, *history.records[place:]])
