"""What the parts of an agent share: the lives of other nodes, which messages under way hold."""

from __future__ import annotations

from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.reporting import Reporting
from herzschlag.agents.ha.vms.inventory import OwnVms
from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.messages import Join
from herzschlag.agents.settings import AgentSettings, Timers
from tests.unit.agents.ha.scripted import cluster


def context() -> Context:
    made = Context(AgentSettings(moid="host-98", cluster="c", timers=Timers()))
    made.configure(cluster())
    return made


def test_lives_are_copied_for_what_is_under_way_and_not_for_each_that_is_learned() -> None:
    """An election of 1,000 hosts would copy 1,000 tables of 1,000 lives for each of them."""
    c = context()
    before = c.lives
    for number in range(100):
        c.learn(f"host-{number}", 1)
    assert c.lives is before, "no message holds it: one table is enough"
    c.send(Join, ("host-99",), inventory=1, padding=0)
    c.learn("host-99", 2)
    c.learn("host-100", 2)
    (sent,) = [action for action in c.actions if isinstance(action, Send)]
    assert sent.lives["host-99"] == 1, "a message names the life that was known when it was sent"
    assert c.lives["host-99"] == c.lives["host-100"] == 2


def test_a_heartbeat_under_way_keeps_the_lives_it_was_sent_with() -> None:
    c = context()
    c.learn("host-99", 1)
    Reporting(c, OwnVms(c)).heartbeat("slave", "host-99", ("host-99",), 0)
    c.learn("host-99", 2)
    (sent,) = [action for action in c.actions if isinstance(action, Send)]
    assert sent.lives["host-99"] == 1
