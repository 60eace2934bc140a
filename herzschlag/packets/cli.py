"""The commands `herzschlag packets` and `herzschlag dissector`.

This module decides what a person sees of a run's packets. It leaves what is true of them to `traffic.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from herzschlag.exit_status import WRONG_INPUT
from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.languages import N_, gettext, number
from herzschlag.languages.option import LangOption
from herzschlag.languages.refusals import of_packets, told
from herzschlag.packets import dissector as lua
from herzschlag.packets.bad_lines import BadLine
from herzschlag.packets.passages import CaptureError
from herzschlag.packets.run import read_packet_run
from herzschlag.packets.traffic import Lost, Spread, Stream, Summary, spread, summary
from herzschlag.running import which_run
from herzschlag.wrong_input import InputError

ROWS_MAX = 24
"""Longer tables show their worst rows; `--json` gives all."""
WIDTH_MIN = 140
"""Columns of all that `--wide` shows. A narrower terminal breaks lines itself."""
_STYLES = {
    N_("agrees"): "green",
    N_("differs"): "bold red",
    N_("missing"): "bold red",
    N_("not on the wire"): "dim",
    N_("unknown"): "yellow",
}
WAY = N_("way")
WORDS = (WAY, "", *("fault", "kind", "node", "concludes", "from the silence of", "silent", "what happens", "shown by"))
"""Columns that hold words."""


def packets_command(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run on real packets: its directory, or its name. Default: the last run.",
            autocompletion=which_run.completions,
        ),
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", "-w", help="All columns: delays, jitter, frames, reasons.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    lang: LangOption = None,
) -> None:
    """Show what the packets of a run say: heartbeats, gaps, delays, losses, and the timeline once more.

    Example: herzschlag packets slave-failure

    Example: herzschlag packets runs/2026-05-01-120000/slave-failure --wide
    """
    del lang  # its callback has chosen the language
    try:
        packets = read_packet_run(which_run.find_run(run))
    except (CaptureError, InputError) as error:
        Console(stderr=True, highlight=False).print(f"herzschlag: {told(str(error))}", markup=False, soft_wrap=True)
        raise typer.Exit(WRONG_INPUT) from None
    found = summary(packets)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
        return
    key = packets.passages.facts.key
    out = Console(highlight=False)
    if wide or not out.is_terminal:
        out = Console(highlight=False, width=max(out.width, WIDTH_MIN))
    _show(out, found, key, wide)


def dissector_command(
    install: Annotated[bool, typer.Option("--install", help="Put it where Wireshark looks for scripts.")] = False,
) -> None:
    """Print the Wireshark dissector for the agents' datagrams, or install it.

    Example: herzschlag dissector --install
    """
    if not install:
        sys.stdout.write(lua.dissector())
        return
    try:
        where = lua.install()
    except OSError as error:
        said = told(f"{error}: name a folder you may write to")
        Console(stderr=True, highlight=False).print(f"herzschlag: {said}", markup=False, soft_wrap=True)
        raise typer.Exit(WRONG_INPUT) from None
    sys.stdout.write(f"{where}\n")


# --- how it looks -----------------------------------------------------------------------------------------------------


def _show(out: Console, found: Summary, key: str, wide: bool) -> None:
    for remark in found.remarks:
        out.print(gettext("Note: {remark}.", remark=of_packets(remark)), style="yellow", markup=False, soft_wrap=True)
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.packets.items())
    said = N_("{scenario}: {number} packets entered the switches ({kinds})")
    out.print(gettext(said, scenario=found.scenario, number=sum(found.packets.values()), kinds=kinds), soft_wrap=True)
    if found.delay_ms is not None:
        out.print(gettext("One-way delay of datagrams, real time: {figures}", figures=_spread(found.delay_ms)))
    _streams(out, found, wide)
    _losses(out, found)
    _bad_lines(out, found)
    _signs(out, found, wide)
    _confirmations(out, found, wide)
    out.print(
        f"\n{gettext('In Wireshark')}: herzschlag dissector --install; wireshark -o herzschlag.key:{key}"
        f" {found.directory}/{CAPTURE_FILE}",
        markup=False,
        soft_wrap=True,
    )


def _table(title: str, *columns: str) -> Table:
    """Columns in English; those of words are `WORDS`, all others hold figures."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for column in columns:
        side: Literal["left", "right"] = "left" if column in WORDS else "right"
        table.add_column(gettext(column), justify=side, no_wrap=column == WAY, overflow="fold")
    return table


def _spread(one: Spread) -> str:
    figures = " / ".join(number(ms, ".2f") for ms in (one.least, one.median, one.p99, one.most))
    return gettext("{figures} ms (least, median, 99 %, most)", figures=figures)


def _way(one: Stream | Lost | BadLine) -> str:
    said = N_("{network}: {source} to {destination}")
    return gettext(said, network=one.network, source=one.source, destination=one.destination)


def _bad_lines(out: Console, found: Summary) -> None:
    met = [one for one in found.bad_lines if one.sent]
    if not met:
        return
    figured = (N_("sent"), N_("arrived"), N_("lost"), N_("least ms"), N_("median ms"), N_("most ms"))
    table = _table(gettext("Bad lines"), WAY, N_("fault"), *figured)
    for one in met[:ROWS_MAX]:
        delay = spread(one.delays_ms)
        figures = ("-",) * 3 if delay is None else [number(ms, ".2f") for ms in (delay.least, delay.median, delay.most)]
        least = f"{gettext('at least')} " if one.at_least else ""
        share = f"{least}{one.lost_share:.0%}"
        table.add_row(_way(one), one.fault, f"{least}{one.sent}", str(one.arrived), share, *figures)
    out.print(table)
    _cut(out, min(ROWS_MAX, len(met)), len(met))


def _seconds(value: float | None) -> str:
    return "-" if value is None else number(value, ".3f")


def _cut(out: Console, shown: int, of: int) -> None:
    if of > shown:
        said = N_("… and {number} more: --json has them all")
        out.print(f"  {gettext(said, number=of - shown)}", style="dim")


def _worst_first(streams: Sequence[Stream]) -> list[Stream]:
    return sorted(streams, key=lambda s: (s.delivered - s.sent, -s.longest_gap_s))


def _streams(out: Console, found: Summary, wide: bool) -> None:
    columns = (N_("delivered"), N_("gaps"), N_("longest s"), N_("silent since s"), N_("median ms"))
    more = (N_("99 % ms"), N_("most ms"), N_("jitter ms"), N_("99 % ms")) if wide else ()
    said = N_("Heartbeats, every {seconds} s, and their delay (--wide: all of it)")
    if wide:
        said = N_("Heartbeats, every {seconds} s, and their delays and jitter")
    table = _table(gettext(said, seconds=number(found.interval_s)), WAY, N_("sent"), *columns, *more)
    rows = found.streams if len(found.streams) <= ROWS_MAX else _worst_first(found.streams)[:ROWS_MAX]
    for one in rows:
        delay = one.delay_ms
        jitter = one.jitter_ms
        figures = [number(x, ".2f") for x in (delay.median, delay.p99, delay.most)] if delay else ["-"] * 3
        figures += [number(x, ".2f") for x in (jitter.median, jitter.p99)] if jitter else ["-"] * 2
        table.add_row(
            *(_way(one), str(one.sent), str(one.delivered), str(len(one.gaps))),
            *(_seconds(one.longest_gap_s), _seconds(one.silent_since_s)),
            *figures[: 1 + len(more)],
        )
    out.print(table)
    _cut(out, len(rows), len(found.streams))


def _losses(out: Console, found: Summary) -> None:
    if not found.lost:
        out.print(gettext("Everything that was sent arrived."))
        return
    figured = (N_("how many"), N_("first s"), N_("last s"))
    table = _table(gettext("Entered a switch, never delivered"), WAY, N_("kind"), *figured)
    for one in found.lost[:ROWS_MAX]:
        ends = (_seconds(one.first_s), _seconds(one.last_s))
        table.add_row(_way(one), one.kind, str(one.count), *ends)
    out.print(table)
    _cut(out, min(ROWS_MAX, len(found.lost)), len(found.lost))


def _signs(out: Console, found: Summary, wide: bool) -> None:
    if not found.last_signs:
        return
    networks = list(found.last_signs[0].last_s)
    table = _table(
        gettext("Last heartbeat before each conclusion from silence"),
        *(N_("at s"), N_("node"), N_("concludes"), N_("from the silence of") if wide else N_("silent")),
        *([gettext("last on {network} s", network=one) for one in networks] if wide else [N_("last s")]),
        N_("silence s"),
    )
    for one in found.last_signs[:ROWS_MAX]:
        last = max((at for at in one.last_s.values() if at is not None), default=None)
        silence = None if last is None else one.at_s - last
        lasts = [_seconds(one.last_s[network]) for network in networks] if wide else [_seconds(last)]
        table.add_row(_seconds(one.at_s), one.node, of_packets(one.concluded), one.of, *lasts, _seconds(silence))
    out.print(table)
    _cut(out, min(ROWS_MAX, len(found.last_signs)), len(found.last_signs))


def _confirmations(out: Console, found: Summary, wide: bool) -> None:
    if not found.confirmations:
        return
    columns = (
        *(N_("what happens"), "", N_("record s"), N_("packet s"), N_("apart ms")),
        *(N_("last heartbeat +s"), N_("frame"), N_("shown by")),
    )
    table = _table(gettext("The timeline from packets alone"), *columns[: None if wide else 5])
    for one in found.confirmations:
        cells = (
            gettext(one.name),
            f"[{_STYLES[one.agreement]}]{gettext(one.agreement)}",
            *(_seconds(one.record_s), _seconds(one.packet_s)),
            "-" if one.difference_ms is None else number(one.difference_ms, ".2f"),
            _seconds(one.detection_s),
            "-" if one.frame is None else str(one.frame),
            of_packets(one.because),
        )
        table.add_row(*cells[: len(table.columns)])
    out.print(table)
