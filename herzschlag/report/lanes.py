"""Lanes: the figures on the time axis, as data with rows, bars, marks and ticks.

This module decides what appears in which row and how much of it: long runs and many hosts are thinned, and each figure
says so. It leaves colours, patterns and the drawing itself to `static/report.js`, which hands it to Plotly.
"""

from __future__ import annotations

import msgspec

from herzschlag.history.records import SECOND, Record
from herzschlag.languages import N_, gettext, ngettext
from herzschlag.report.model import OFF, Model, Stretch
from herzschlag.report.traffic import Datagram

HOSTS_ALL = 12
"""Up to this many hosts are all drawn; of more, those to which something happened."""
MARKS_MAX = 3000
CROSSES_MAX = 600
"""More lost datagrams than this are ticks, not crosses."""
TICKS_MAX = 6000
AT_ONCE_NS = SECOND // 10
"""Datagrams of one sender this close together are one tick."""


NEVER_ARRIVED = N_("sent, never arrived")
VM_STATES = {"on": N_("VM on"), "starting": N_("VM starting"), "stopping": N_("VM stopping")}
NAMES = (N_("off"), N_("frozen"), N_("agent-down"), N_("right"), N_("late"), N_("wrong"))
"""What bars are called besides what records name."""


class Row(msgspec.Struct):
    label: str
    group: str = ""
    size: float = 1.0


class Layer(msgspec.Struct):
    """Things of one look. `items` of bars: [row, begin_s, end_s, text, seq, hover]; of marks:
    [row, at_s, seq, hover]; of ticks: [row, at_s, destination]; of moves: [row, at_s, row, at_s]."""

    kind: str
    """bars, marks, ticks, moves"""
    tone: str
    name: str
    items: list[list[object]]
    symbol: str = ""
    every: int = 1
    """Thinned: only every `step`th is here."""


class Figure(msgspec.Struct):
    id: str
    title: str
    about: str
    rows: list[Row]
    layers: list[Layer]
    notes: list[str]

    def alt(self) -> str:
        """The text for a screen reader."""
        counts = [f"{len(layer.items)} {layer.name}" for layer in self.layers if layer.items and layer.kind != "moves"]
        said = ", ".join(counts) or gettext("nothing in it")
        return gettext("{title}: {number} rows over time; {what}.", title=self.title, number=len(self.rows), what=said)


class Painter:
    """Collects layers by look, so that each becomes one trace."""

    def __init__(self, model: Model) -> None:
        self.seconds = model.seconds
        self.layers: dict[tuple[str, str, str], Layer] = {}
        self.ticks: dict[tuple[str, str, int], tuple[int, set[str], int]] = {}
        """Per look and row, the newest tick: when it began, to whom it went, its place among the items."""

    def _layer(self, kind: str, tone: str, name: str, symbol: str = "") -> Layer:
        return self.layers.setdefault((kind, tone, name), Layer(kind, tone, gettext(name), [], symbol))

    def bar(self, row: int, stretch: Stretch, tone: str, name: str, *, text: str = "", hover: str = "") -> None:
        self._layer("bars", tone, name).items.append(
            [row, self.seconds(stretch.begin_ns), self.seconds(stretch.end_ns), text, stretch.seq, hover]
        )

    def mark(self, row: int, record: Record, tone: str, name: str, symbol: str) -> None:
        self._layer("marks", tone, name, symbol).items.append([row, self.seconds(record.at_ns), record.seq, ""])

    def point(self, row: int, at_ns: int, tone: str, name: str, *, symbol: str, hover: str) -> None:
        self._layer("marks", tone, name, symbol).items.append([row, self.seconds(at_ns), None, hover])

    def tick(self, row: int, at_ns: int, tone: str, name: str, to: str) -> None:
        """What leaves one row at once, for many hosts, is one tick."""
        items = self._layer("ticks", tone, name).items
        before = self.ticks.get((tone, name, row))
        if before is not None and at_ns - before[0] < AT_ONCE_NS:
            before[1].add(to)
            number = len(before[1])
            items[before[2]][2] = to if number == 1 else ngettext("{number} host", "{number} hosts", number)
            return
        self.ticks[tone, name, row] = (at_ns, {to}, len(items))
        items.append([row, self.seconds(at_ns), to])

    def move(self, row: int, at_ns: int, to_row: int, to_ns: int) -> None:
        self._layer("moves", "move", N_("VM moves")).items.append(
            [row, self.seconds(at_ns), to_row, self.seconds(to_ns)]
        )

    def done(self, notes: list[str]) -> list[Layer]:
        for layer in self.layers.values():
            most = TICKS_MAX if layer.kind == "ticks" else MARKS_MAX
            if len(layer.items) > most:
                step = -(-len(layer.items) // most)
                notes.append(
                    gettext(
                        "Thinned: of {number} {what} every {step}th is drawn.",
                        number=len(layer.items),
                        what=layer.name,
                        step=step,
                    )
                )
                layer.items, layer.every = layer.items[::step], step
        return list(self.layers.values())


def shown_hosts(model: Model) -> tuple[tuple[str, ...], list[str]]:
    """The hosts that are drawn, and a note on the others."""
    if len(model.hosts) <= HOSTS_ALL:
        return model.hosts, []
    since_ns = model.ready.at_ns if model.ready else 0
    busy = {host for host in model.hosts if any(s.begin_ns > since_ns for s in model.roles[host])}
    busy |= {host for host in model.hosts if any(s.state == "master" for s in model.roles[host])}
    busy |= {s.who for stretches in model.vms.values() for s in stretches if s.begin_ns > since_ns}
    if not busy:
        busy = set(model.hosts[:HOSTS_ALL])
    left = len(model.hosts) - len(busy)
    note = gettext(
        "Thinned: {number} of {all} hosts are drawn; role and VMs of the other {left} never changed.",
        number=len(busy),
        all=len(model.hosts),
        left=left,
    )
    return tuple(host for host in model.hosts if host in busy), [note] if left else []


def hosts_figure(model: Model) -> Figure:
    """Every host's role, below it the VMs that ran there."""
    hosts, notes = shown_hosts(model)
    rows: list[Row] = []
    paint = Painter(model)
    row_of: dict[str, int] = {}
    slot_of: dict[tuple[str, str], int] = {}
    for host in hosts:
        row_of[host] = len(rows)
        rows.append(Row(host, host, 1.25))
        for stretch in model.roles[host]:
            said = gettext(stretch.state)
            paint.bar(row_of[host], stretch, f"role-{stretch.state}", stretch.state, text=said)
        for vm, slot in _slots(model, host).items():
            while len(rows) <= row_of[host] + 1 + slot:
                rows.append(Row("", host, 0.95))
            slot_of[host, vm] = row_of[host] + 1 + slot
    for vm, stretches in model.vms.items():
        before: Stretch | None = None
        for stretch in stretches:
            row = slot_of.get((stretch.who, vm))
            if row is None:
                continue
            tone = "vm" if stretch.state == "on" else f"vm-{stretch.state}"
            name = VM_STATES.get(stretch.state, f"VM {stretch.state}")
            paint.bar(row, stretch, tone, name, text=vm if stretch.state == "on" else "", hover=vm)
            if before is not None and before.who != stretch.who and (before.who, vm) in slot_of:
                paint.move(slot_of[before.who, vm], before.end_ns, row, stretch.begin_ns)
            before = stretch
    for record in model.history:
        if record.node in row_of and (look := _event_look(record)):
            paint.mark(row_of[record.node], record, *look)
    layers = paint.done(notes)
    about = gettext("Each host's role above, its VMs below; a dotted line follows a VM from host to host.")
    return Figure("hosts", gettext("Hosts and VMs"), about, rows, layers, notes)


def _slots(model: Model, host: str) -> dict[str, int]:
    """VMs that ever ran on a host, each in the lowest row that is free then."""
    spans = {
        vm: (min(s.begin_ns for s in mine), max(s.end_ns for s in mine))
        for vm, stretches in model.vms.items()
        if (mine := [s for s in stretches if s.who == host])
    }
    taken: list[int] = []
    slots: dict[str, int] = {}
    for vm, (begin, end) in sorted(spans.items(), key=lambda item: (item[1][0], item[0])):
        slot = next((index for index, until in enumerate(taken) if until <= begin), len(taken))
        taken[slot : slot + 1] = [end]
        slots[vm] = slot
    return slots


def _event_look(record: Record) -> tuple[str, str, str] | None:
    """(tone, name, symbol) of a record that deserves a mark on its host's row."""
    phase = str(record.get("phase") or "")
    table = {
        ("election", "won"): ("event-election", N_("election won"), "star"),
        ("election", "lost"): ("event-election", N_("election lost"), "diamond-open"),
        ("isolation", "probing"): ("event-isolation", N_("isolation address pinged"), "triangle-up-open"),
        ("isolation", "declared"): ("event-isolation", N_("isolation declared"), "triangle-up"),
        ("isolation", "response"): ("event-isolation", N_("isolation response"), "square"),
        ("isolation", "cancelled"): ("event-isolation", N_("isolation cancelled"), "triangle-down-open"),
        ("liveness", "watching"): ("event-liveness", N_("watch over datastore heartbeats"), "circle-open"),
        ("liveness", "unreachable"): ("event-liveness", N_("host called unreachable, pinged"), "circle"),
        ("restart", "ordered"): ("event-restart", N_("restart ordered"), "triangle-right"),
        ("restart", "done"): ("event-restart", N_("restart done"), "triangle-right-open"),
        ("restart", "failed"): ("event-restart", N_("restart failed"), "x"),
        ("restart", "given-up"): ("event-restart", N_("restart given up"), "x"),
    }
    return table.get((record.kind, phase))


def network_figure(model: Model) -> Figure:
    """Heartbeats and election traffic by sender and network; without a capture, the silences that were noticed."""
    hosts, notes = shown_hosts(model)
    rows: list[Row] = []
    row_of: dict[tuple[str, str], int] = {}
    paint = Painter(model)
    for host in hosts:
        for network in model.lab.networks:
            row_of[host, network] = len(rows)
            rows.append(Row(gettext("{host} on {network}", host=host, network=network), host, 0.9))
    for (observer, host, network), stretches in model.silences.items():
        for stretch in stretches:
            if (row := row_of.get((host, network))) is not None:
                said = gettext(
                    "{observer} hears nothing of {host} on network {network}",
                    observer=observer,
                    host=host,
                    network=network,
                )
                paint.bar(row, stretch, "silent", N_("silence noticed by a peer"), hover=said)
    traffic = model.run.traffic
    if traffic.missing:
        said = N_("{why}: single heartbeats, offers and pings are not drawn, only what hosts noticed.")
        notes.append(gettext(said, why=gettext(traffic.missing)))
    crosses = sum(d.arrived_ns is None for d in traffic.datagrams) <= CROSSES_MAX
    for datagram in traffic.datagrams:
        if (row := row_of.get((datagram.source, datagram.network))) is not None:
            _draw_datagram(paint, row, datagram, crosses)
    for record in model.history:
        _draw_sender_record(paint, record, row_of)
    layers = paint.done(notes)
    about = gettext("One row per host and network: what that host sent there, and where its peers noticed silence.")
    return Figure("network", gettext("Heartbeats and election traffic"), about, rows, layers, notes)


def _draw_datagram(paint: Painter, row: int, datagram: Datagram, crosses: bool) -> None:
    said = N_("{kind} {source} to {destination} on {network}")
    way = gettext(
        said,
        kind=datagram.kind,
        source=datagram.source,
        destination=datagram.destination,
        network=datagram.network,
    )
    at_ns = datagram.sent_ns
    if datagram.arrived_ns is None and not crosses:
        paint.tick(row, at_ns, "lost", NEVER_ARRIVED, datagram.destination)
    elif datagram.arrived_ns is None:
        said = gettext("{way}: never arrived", way=way)
        paint.point(row, at_ns, "lost", NEVER_ARRIVED, symbol="x-thin-open", hover=said)
    elif datagram.kind == "Heartbeat":
        paint.tick(
            row,
            at_ns,
            f"beat-{datagram.network}",
            gettext("heartbeats on {network}", network=datagram.network),
            datagram.destination,
        )
    elif datagram.kind == "Election":
        paint.tick(row, at_ns, "event-election", N_("election offers"), datagram.destination)
    elif datagram.kind == "Ping":
        paint.point(row, at_ns, "event-isolation", N_("pings"), symbol="triangle-up-open", hover=way)


def _draw_sender_record(paint: Painter, record: Record, row_of: dict[tuple[str, str], int]) -> None:
    """What a host begins to send, by its own records: offers everywhere, pings of its isolation address."""
    began = (record.kind, record.get("phase"))
    rows = [row for (host, _), row in row_of.items() if host == record.node]
    if began == ("election", "started"):
        for row in rows:
            paint.mark(row, record, "event-election", N_("election begins"), "diamond")
    elif began == ("isolation", "probing") and rows:
        paint.mark(rows[0], record, "event-isolation", "isolation address pinged", "triangle-up")


def storage_figure(model: Model) -> Figure:
    """Access to datastores, heartbeat slots, and who held which lock."""
    hosts, notes = shown_hosts(model)
    rows: list[Row] = []
    paint = Painter(model)
    for host in hosts:
        for datastore in (d.name for d in model.lab.datastores_of(host)):
            for stretch in model.storage.get((host, datastore), ()):
                if stretch.state != OFF:
                    tone = "access-ok" if stretch.state == "ok" else "access-lost"
                    name = N_("datastore in reach") if stretch.state == "ok" else N_("datastore lost")
                    text = "" if stretch.state == "ok" else stretch.state
                    paint.bar(len(rows), stretch, tone, name, text=text)
            rows.append(Row(f"{host}: {datastore}", host, 0.76))
    locks = sorted(model.locks.items(), key=lambda item: _lock_place(item[0]))
    wanted = [item for item in locks if _lock_wanted(item[0][1], item[1], model)]
    for (datastore, path), stretches in wanted:
        for stretch in stretches:
            tone = {"held": "lock", "left": "lock-left", "lost": "lock-left"}.get(stretch.state, "lock")
            name = N_("lock held") if tone == "lock" else N_("lock left behind")
            if tone == "lock" and stretch.who != stretches[0].who:
                tone, name = "lock-other", N_("lock held by another host")
            paint.bar(len(rows), stretch, tone, name, text=stretch.who, hover=f"{datastore}: {path}")
        rows.append(
            Row(gettext("{file} on {datastore}", file=path.rsplit("/", 1)[-1], datastore=datastore), "locks", 1.0)
        )
    row_of = {key: len(rows) - len(wanted) + index for index, (key, _) in enumerate(wanted)}
    for record in model.history.of_kind("lock"):
        row = row_of.get((str(record.get("datastore")), str(record.get("path"))))
        if row is not None and record.get("to") in ("denied", "broken"):
            name = N_("lock denied") if record.get("to") == "denied" else N_("lock broken")
            paint.mark(row, record, "event-restart", name, "x")
    if len(wanted) < len(locks):
        left = len(locks) - len(wanted)
        notes.append(gettext("{number} locks that never changed hands are left out.", number=left))
    notes.append(gettext("Single datastore heartbeats are not recorded; what a master concludes from them is."))
    layers = paint.done(notes)
    about = gettext("Above, which host reaches which datastore; below, who holds the lock of which file.")
    return Figure("storage", gettext("Datastores and locks"), about, rows, layers, notes)


def _lock_place(key: tuple[str, str]) -> tuple[int, str, str]:
    datastore, path = key
    order = 0 if path.endswith("protectedlist") else 1 if path.endswith(".vmx") else 2
    return (order, path, datastore)


def _lock_wanted(path: str, stretches: tuple[Stretch, ...], model: Model) -> bool:
    """Lists of protected VMs always; others when they changed hands, or in small clusters, VM files."""
    if path.endswith("protectedlist") or len({s.who for s in stretches}) > 1 or len(stretches) > 1:
        return True
    return path.endswith(".vmx") and len(model.hosts) <= 4
