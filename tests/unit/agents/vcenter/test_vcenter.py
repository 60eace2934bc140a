"""vCenter, event by event: to whom it speaks, what it believes, and what it asks of hosts."""

from __future__ import annotations

from typing import Any

from herzschlag.agents.protocol.actions import AnyAction, Send
from herzschlag.agents.protocol.events import WAKE, Boot, Received, UserPower, VCenterEvent
from herzschlag.agents.protocol.messages import ClusterView, Configure, PowerRequest, Report
from herzschlag.agents.settings import SECOND, ClusterConfig, Timers
from herzschlag.agents.vcenter.vcenter import VCenter, VCenterSettings
from tests.unit.agents.ha.scripted import cluster, of, records, vm

CONFIG = cluster(vms=(vm("web"),))


class Driven:
    """A vCenter in its second life, whose disk holds the configuration, so that it powers nothing on by itself."""

    def __init__(self, config: ClusterConfig | None = CONFIG) -> None:
        self.core = VCenter(VCenterSettings(timers=Timers(), config=CONFIG, placement={"web": "host-98"}))
        self.now_s = 0.0
        self._sequence = 0
        self.first = self.happens(Boot(2, config, {}, {}))

    def happens(self, event: VCenterEvent, at_s: float | None = None) -> list[AnyAction]:
        self.now_s = self.now_s if at_s is None else at_s
        return self.core.handle(event, round(self.now_s * SECOND))

    def reported(self, *, boot: int = 7, to_boot: int = 2, host: str = "host-98", **more: Any) -> list[AnyAction]:
        self._sequence += 1
        fields = {"role": "slave", "master": "host-99", "config": 1, "vms": (), "datastores": {}} | more
        head = {"sender": host, "boot": boot, "sequence": self._sequence, "sent_ns": 0}
        return self.happens(Received("A", Report(**head, **fields), to_boot))  # type: ignore[arg-type]

    def viewed(self, *protected: str) -> list[AnyAction]:
        self._sequence += 1
        head = {"sender": "host-99", "boot": 7, "sequence": self._sequence, "sent_ns": 0}
        view = ClusterView(**head, hosts={}, owned=("vmfs-1",), protected=protected)  # type: ignore[arg-type]
        return self.happens(Received("A", view, 2))


def sent(actions: list[AnyAction], kind: type, to: str = "host-98") -> list[Send]:
    return [send for send in of(actions, Send) if isinstance(send.message, kind) and send.to == (to,)]


def test_an_order_names_the_life_of_its_host_and_answers_its_newest_message() -> None:
    vcenter = Driven()
    (hello,) = sent(vcenter.first, Configure)
    assert (hello.lives, hello.message.answers) == ({}, 0)  # type: ignore[union-attr]  # an order
    (bound,) = sent(vcenter.reported(config=0, to_boot=0), Configure)
    assert (bound.lives, bound.message.answers) == ({"host-98": 7}, 1)  # type: ignore[union-attr]
    assert not sent(vcenter.reported(config=0), Configure), "the next one is due with the next look"
    (later,) = sent(vcenter.happens(WAKE, 1.0), Configure)
    assert later.message.answers == 2  # type: ignore[union-attr]


def test_a_report_to_an_earlier_life_of_vcenter_is_not_believed_and_its_host_is_told() -> None:
    """It may be a replay. The host, if it is one, cannot know that vCenter was restarted."""
    vcenter = Driven()
    vcenter.reported()
    assert not sent(vcenter.happens(WAKE, 1.0), Configure)
    done = vcenter.reported(boot=8, to_boot=1, vms=("web",))
    assert records(done, "dropped", reason="for-old-life")
    assert not sent(done, Configure)
    (told,) = sent(vcenter.happens(WAKE, 2.0), Configure)
    assert told.lives == {"host-98": 8}


def test_an_old_report_repeated_changes_nothing() -> None:
    """Otherwise an attacker could keep users' requests from a host: they go to hosts whose configuration is known."""
    vcenter = Driven()
    vcenter.reported(boot=7)
    vcenter.reported(boot=3, to_boot=1)
    done = vcenter.happens(WAKE, 1.0)
    assert not sent(done, Configure)
    vcenter.happens(UserPower("web", True, "host-98"))
    (order,) = sent(vcenter.happens(WAKE, 2.0), PowerRequest)
    assert order.lives == {"host-98": 7}


def test_a_vcenter_that_was_restarted_powers_off_a_vm_that_it_knows_from_a_master_alone() -> None:
    """It has not heard yet where the VM runs, so it asks the host on which the VM was first started."""
    vcenter = Driven()
    vcenter.reported()
    vcenter.viewed("web")
    vcenter.happens(WAKE, 1.0)
    assert records(vcenter.happens(UserPower("web", False, ""), 1.5), "user", host="host-98", refused=False)
    vcenter.reported(vms=("web",))
    (order,) = sent(vcenter.happens(WAKE, 2.0), PowerRequest)
    assert isinstance(order.message, PowerRequest) and not order.message.on and order.message.config == 1


def test_a_host_that_vcenter_no_longer_hears_is_a_record_and_so_is_its_return() -> None:
    """Its master speaks for it, so no state changes: without the record nothing would show a lost way to vCenter."""
    vcenter = Driven()
    vcenter.reported()
    assert not records(vcenter.happens(WAKE, 10.0), "reports")
    gone = vcenter.happens(WAKE, 11.0)
    assert records(gone, "reports", host="host-98", to="silent")
    assert not records(vcenter.happens(WAKE, 12.0), "reports"), "it is said once"
    vcenter.reported()
    assert records(vcenter.happens(WAKE, 13.0), "reports", host="host-98", to="heard")


def test_a_host_that_vcenter_has_never_heard_is_not_missed() -> None:
    vcenter = Driven()
    assert not records([*vcenter.happens(WAKE, 5.0), *vcenter.happens(WAKE, 30.0)], "reports")


def test_a_restarted_vcenter_that_hears_nobody_shows_every_host_as_unreachable_once_it_can_know() -> None:
    """It has shown none of them in this life, but its last life may have (fact sheet 3.1)."""
    vcenter = Driven()
    assert not records(vcenter.happens(WAKE, 9.0), "host-state")
    shown = records(vcenter.happens(WAKE, 10.0), "host-state", to="fdmUnreachable")
    assert [record["host"] for record in shown] == [host.moid for host in CONFIG.hosts]
    vcenter.reported()
    assert vcenter.core.view().host_states["host-98"] == "connectedToMaster", "a host that is heard is shown at once"


def test_a_restarted_vcenter_says_of_every_host_what_it_is_whichever_it_is() -> None:
    """Else its last life's picture of a host that is uninitialized by now would stay."""
    again, first = Driven(), Driven(config=None)
    (told,) = records(again.reported(role="uninitialized", master=""), "host-state", host="host-98")
    assert (told["from"], told["to"]) == ("unknown", "uninitialized")
    assert not records(first.reported(role="uninitialized", master=""), "host-state", host="host-98")


def test_what_a_dead_host_ran_does_not_fulfil_what_a_user_asks_of_it() -> None:
    """The user's order goes to the host when it is back."""
    vcenter = Driven()
    vcenter.reported(vms=("web",))
    vcenter.happens(UserPower("web", True, "host-98"), 50.0)
    assert not sent(vcenter.happens(WAKE, 51.0), PowerRequest), "vCenter does not know yet whether it runs"
    vcenter.reported(boot=8)
    (order,) = sent(vcenter.happens(WAKE, 52.0), PowerRequest)
    assert isinstance(order.message, PowerRequest) and order.message.on
    vcenter.reported(boot=8, vms=("web",))
    vcenter.happens(WAKE, 53.0)
    vcenter.reported(boot=8)
    assert not sent(vcenter.happens(WAKE, 54.0), PowerRequest), "it was seen done"


def test_a_host_without_the_datastore_takes_no_vm_from_one_that_has_it() -> None:
    """Its lock was broken, and the VM restarted; the host is heard again, and still names it."""
    for access, asked in (({"vmfs-1": "apd"}, "host-99"), ({}, "host-98")):
        vcenter = Driven()
        vcenter.reported(host="host-98", vms=("web",))
        vcenter.reported(host="host-99", vms=("web",))
        vcenter.reported(host="host-98", vms=("web",), datastores=access)
        assert records(vcenter.happens(UserPower("web", False, "")), "user", host=asked)


def test_it_counts_where_no_other_host_has_it() -> None:
    vcenter = Driven()
    vcenter.reported(host="host-99", vms=("web",))
    vcenter.reported(host="host-99")
    vcenter.reported(host="host-98", vms=("web",), datastores={"vmfs-1": "apd"})
    assert records(vcenter.happens(UserPower("web", False, "")), "user", host="host-98")
