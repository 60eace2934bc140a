"""Datastores: which host reaches them, the heartbeats that hosts write there, and who holds which lock."""

from __future__ import annotations

from herzschlag.languages import gettext, ngettext
from herzschlag.pictures import signs
from herzschlag.pictures.instant import Instant
from herzschlag.pictures.svg import DIM, INK, Drawing, width_of
from herzschlag.report.plans import SHEET_EDGE, Plan
from herzschlag.topo.spec import DatastoreSpec

STORES_MAX = 6
GAP = 18
BOTTOM = 736
"""Where datastores end on a sheet, whatever is above."""
LOCK_ROW = 17


class Stores:
    """The datastores of a sheet, and where they are."""

    def __init__(self, plan: Plan, now: Instant) -> None:
        self._plan, self._now = plan, now
        self.shown = now.datastores[:STORES_MAX]
        inner = plan.width - 2 * SHEET_EDGE
        count = max(1, len(self.shown))
        self.width = min(520, (inner - GAP * (count - 1)) / count)
        self._first = (plan.width - count * self.width - (count - 1) * GAP) / 2
        self.top = plan.rail_y + 16

    def left(self, datastore: DatastoreSpec) -> float:
        return self._first + self.shown.index(datastore) * (self.width + GAP)

    def draw(self, drawing: Drawing) -> None:
        if not self.shown:
            return
        plan, now = self._plan, self._now
        below = plan.host_top + 9 + plan.host_height
        middles = [self.left(one) + self.width / 2 for one in self.shown]
        ends = [*(plan.places[host].x for host in now.hosts), *middles]
        drawing.path(f"M{min(ends):.1f} {plan.rail_y:.1f}H{max(ends):.1f}", stroke=DIM, width=4)
        for host in now.hosts:
            x, lost = plan.places[host].x, [store for who, store in now.storage_lost if who == host]
            drawing.path(f"M{x:.1f} {below:.1f}V{plan.rail_y:.1f}", stroke=DIM, width=2, dashes="3 5" if lost else "")
            if lost:
                y = (below + plan.rail_y) / 2
                signs.cross(drawing, x, y)
                said = gettext("without {datastores}", datastores=", ".join(lost))
                room = (plan.width - 2 * SHEET_EDGE) / len(now.hosts) - 30
                drawing.text(x + 16, y + 4, said, 11, bold=True, room=min(room, plan.width - x - 24))
        for one, x in zip(self.shown, middles, strict=True):
            drawing.path(f"M{x:.1f} {plan.rail_y:.1f}V{self.top:.1f}", stroke=DIM, width=2)
            self._box(drawing, one)
        if len(now.datastores) > len(self.shown):
            more = ngettext(
                "and {number} more datastore", "and {number} more datastores", len(now.datastores) - len(self.shown)
            )
            drawing.text(plan.width - SHEET_EDGE, plan.rail_y - 6, more, 11, fill=DIM, anchor="end")

    def _box(self, drawing: Drawing, one: DatastoreSpec) -> None:
        """A cylinder that is wide."""
        x, y, width, height = self.left(one), self.top, self.width, BOTTOM - self.top
        with drawing.group(f"{one.name}, {one.kind.upper()}"):
            drawing.path(
                f"M{x:.1f} {y + 7:.1f}v{height - 14:.1f}c0 4 {width * 0.2:.1f} 7 {width / 2:.1f} 7s{width / 2:.1f}-3 "
                f"{width / 2:.1f}-7v{14 - height:.1f}",
                fill="#f4f4f4",
                width=1.5,
            )
            drawing.add(
                "ellipse", cx=x + width / 2, cy=y + 7, rx=width / 2, ry=7, fill="#f4f4f4", stroke=INK, stroke_width=1.5
            )
            name = f"{one.name} ({one.kind.upper()})"
            drawing.text(x + 12, y + 30, name, 13, bold=True, room=self.width - 24)

    def heartbeats(self, drawing: Drawing) -> None:
        """Beside the name: a place for each host that writes there, as many as there is room for."""
        for one in self.shown:
            hosts = [host for host in self._now.hosts if (one.name, host) in self._now.beating | self._now.silent]
            end = self.left(one) + self.width - 10
            steps = {host: 29 + width_of(host.removeprefix("host-"), 11.5) for host in hosts}
            x, y = self.left(one) + 18 + width_of(f"{one.name} ({one.kind.upper()})", 13, bold=True), self.top + 25
            for host in hosts:
                if x + steps[host] > end:
                    drawing.text(x, y + 5, "…", 11.5)
                    break
                beats = (one.name, host) in self._now.beating
                with drawing.group(gettext("heartbeat region of {datastore}, {host}", datastore=one.name, host=host)):
                    signs.pulse(drawing, x + 10, y + 1, beats=beats)
                    drawing.text(x + 22, y + 5, host.removeprefix("host-"), 11.5, fill=INK if beats else DIM)
                x += steps[host]

    def locks(self, drawing: Drawing) -> None:
        for one in self.shown:
            locks = [lock for lock in self._now.locks if lock.datastore == one.name]
            rows = max(1, int((BOTTOM - 8 - (self.top + 40)) // LOCK_ROW))
            columns = min(max(1, int((self.width - 20) // 165)), max(1, -(-len(locks) // rows)))
            width = (self.width - 20) / columns
            most = rows * columns
            shown = locks if len(locks) <= most else locks[: most - 1]
            for index, lock in enumerate(shown):
                x, y = self.left(one) + 12 + index // rows * width, self.top + 52 + index % rows * LOCK_ROW
                text = f"{lock.what}: {lock.host}"
                if lock.left:
                    text = gettext("{lock}, dead", lock=text)
                with drawing.group(text):
                    signs.lock(drawing, x + 6, y - 4, left=lock.left)
                    drawing.text(x + 18, y, text, 11.5, room=width - 22)
            if len(locks) > most:
                x = self.left(one) + 12 + (most - 1) // rows * width
                y = self.top + 52 + (most - 1) % rows * LOCK_ROW
                more = ngettext("and {number} more lock", "and {number} more locks", len(locks) - most + 1)
                drawing.text(x + 18, y, more, 11.5, fill=DIM, room=width - 22)
