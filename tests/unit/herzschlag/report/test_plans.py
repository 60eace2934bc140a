"""Places and sizes: every host has its own, inside the picture, on pages and on paper."""

from __future__ import annotations

from itertools import pairwise

import pytest

from herzschlag.report.plans import Plan, Tiles, plans, sheet

NAME_WIDTH = 56
"""Of `network A`, as the narrow picture writes it."""


def hosts(count: int) -> tuple[str, ...]:
    return tuple(f"host-{number}" for number in range(10, 10 + count))


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8, 9, 32, 33, 64, 96])
@pytest.mark.parametrize("networks", [("A",), ("A", "B")])
def test_hosts_do_not_touch_and_stay_inside(count: int, networks: tuple[str, ...]) -> None:
    both = plans(hosts(count), networks, vms_most=7)
    for plan in (both.wide, both.narrow, sheet(hosts(count), networks, 7)):
        places = [plan.places[host] for host in hosts(count)]
        width = plan.host_width if isinstance(plan, Plan) else plan.tile_width
        shift = width / 2 if isinstance(plan, Plan) else 0
        rows: dict[float, list[float]] = {}
        for place in places:
            rows.setdefault(place.y, []).append(place.x - shift)
            assert place.x - shift >= 0 and place.x - shift + width <= plan.width
        for lefts in rows.values():
            assert all(b - a >= width for a, b in pairwise(lefts))
        if isinstance(plan, Tiles):
            assert max(rows) + plan.tile_height <= plan.height


def test_few_hosts_are_boxes_and_many_are_tiles() -> None:
    assert [plans(hosts(n), ("A", "B"), 1).wide.full for n in (8, 9)] == [True, False]
    assert [plans(hosts(n), ("A", "B"), 1).narrow.full for n in (4, 5)] == [True, False]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_no_link_crosses_the_name_of_a_network_where_room_is_scarce(count: int) -> None:
    plan = plans(hosts(count), ("A", "B"), 1).narrow
    assert isinstance(plan, Plan)
    links = [place.x + side for place in plan.places.values() for side in (-plan.link_apart, plan.link_apart)]
    assert min(abs(x - plan.network_x) for x in links) > NAME_WIDTH / 2


def test_links_are_apart_and_a_single_one_is_in_the_middle() -> None:
    two, one = (plans(hosts(3), networks, 1).wide for networks in (("A", "B"), ("A",)))
    assert isinstance(two, Plan)
    assert isinstance(one, Plan)
    middle = two.places["host-10"].x
    assert two.link_x("host-10", "A") < middle < two.link_x("host-10", "B")
    assert one.link_x("host-10", "A") == one.places["host-10"].x


def test_a_host_has_room_for_its_vms_up_to_three_rows() -> None:
    rows = [sheet(hosts(3), ("A", "B"), vms).rows for vms in (0, 2, 3, 99)]  # type: ignore[union-attr]
    assert rows == [1, 1, 2, 3]
