"""Two histories side by side: what counts as the same, and what is named as the first difference."""

from herzschlag.compare import changes, compare
from herzschlag.history.records import SECOND, History, record


def history(*told: tuple[float, str, str]) -> History:
    """Records of (second, host, role), the cluster being ready at 100 s."""
    records = [record(100 * SECOND, "herzschlag", "ready", {})]
    records += [record(round(at_s * SECOND), node, "role", {"from": "", "to": to}) for at_s, node, to in told]
    records.append(record(300 * SECOND, "herzschlag", "end", {}))
    return History.ordered(records)


def test_the_same_roles_at_nearly_the_same_time_are_the_same() -> None:
    left = history((115, "host-98", "election"), (130, "host-98", "master"))
    right = history((115.4, "host-98", "election"), (129.6, "host-98", "master"))
    assert compare(left, right).same


def test_a_role_too_late_is_the_first_difference_with_both_instants() -> None:
    left = history((115, "host-98", "election"), (130, "host-98", "master"))
    right = history((115, "host-98", "election"), (132, "host-98", "master"))
    found = compare(left, right)
    assert not found.same
    assert found.because == "host-98 is master at T+30.00 and T+32.00: +2.00 s apart"


def test_who_comes_back_may_be_heard_a_heartbeat_later() -> None:
    left, right = history((130, "host-98", "slave")), history((131.1, "host-98", "slave"))
    assert compare(left, right).same
    assert not compare(left, history((132, "host-98", "slave"))).same


def test_another_winner_and_a_missing_change_are_differences() -> None:
    left = history((130, "host-98", "master"))
    right = history((130, "host-99", "master"))
    found = compare(left, right)
    sides = {(row.left and row.left.show(), row.right and row.right.show()) for row in found.rows}
    assert sides == {("host-98 is master", None), (None, "host-99 is master")}
    assert found.because in {
        "only the left run: host-98 is master at T+30.00",
        "only the right run: host-99 is master at T+30.00",
    }


def test_passing_states_and_what_came_before_ready_do_not_count() -> None:
    left = history((10, "host-98", "election"), (130, "host-98", "election"), (131, "host-98", "slave"))
    right = history((12, "host-98", "election"), (131, "host-98", "slave"))
    assert [change.to for change in changes(left)] == ["slave"]
    assert compare(left, right).same


def test_what_lasted_two_heartbeats_here_and_three_there_counts_nowhere() -> None:
    """A host hears its master again right before a heartbeat in the one run, right after it in the other."""
    before = (110, "host-98", "slave")
    left = history(before, (130, "host-98", "election"), (133, "host-98", "slave"), (160, "host-98", "master"))
    right = history(before, (130, "host-98", "election"), (132, "host-98", "slave"), (160, "host-98", "master"))
    assert compare(left, right).same and compare(right, left).same
    assert len(compare(left, left).rows) == 4, "it is shown where both have it"


def test_what_lasted_longer_in_one_run_alone_is_a_difference() -> None:
    before = (110, "host-98", "slave")
    left = history(before, (130, "host-98", "election"), (134.2, "host-98", "slave"))
    assert not compare(left, history(before)).same
    assert not compare(history(before), left).same
