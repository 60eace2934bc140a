"""The page report.html: tables, figures and drawings in one file.

This module decides what comes first: the verdict, what does not hold, documented against measured, and beside it the
picture, which every link to a record moves; then the hosts over time and the moments around each fault, and what few
readers want. Two calls on one run directory write the same bytes.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from herzschlag.history.records import write_whole
from herzschlag.languages import N_, gettext
from herzschlag.languages.titles import title as scenario_title
from herzschlag.report import gaps, lanes, tables
from herzschlag.report.figures import figures as every_figure
from herzschlag.report.html import embedded, head, packed_plotly, script, texts_of_scripts
from herzschlag.report.lanes import Figure
from herzschlag.report.model import Model
from herzschlag.report.picture import picture
from herzschlag.report.reading import REPORT_FILE, ReportError, Run, read_run
from herzschlag.report.sequence import diagrams
from herzschlag.report.top import top

ROW_PX, AROUND_PX = 24, 80
SYMBOLS = {
    "star": "★",
    "diamond": "◆",
    "diamond-open": "◇",
    "triangle-up": "▲",
    "triangle-up-open": "△",
    "triangle-down-open": "▽",
    "triangle-right": "▶",
    "triangle-right-open": "▷",
    "square": "■",
    "circle": "●",
    "circle-open": "○",
    "x": "✖",
    "x-thin-open": "\u00d7",
}
PLACES = {
    "result": N_("Result"),
    "timeline": N_("Timeline"),
    "sequences": N_("Sequence"),
    "more": N_("More figures"),
    "instants": N_("Instants"),
    "records": N_("Records"),
}


NO_FAULT = N_("No fault was set off in this run.")


def write_report(directory: Path) -> Path:
    """Draw the report of a finished run into its directory. Raises ReportError."""
    return draw_and_write(read_run(directory))


def draw_and_write(run: Run) -> Path:
    """The same for a run that is read already. Raises ReportError; OSError where the machine failed, as a full disk."""
    path = run.directory / REPORT_FILE
    try:
        write_whole(path, draw(run).encode())
    except PermissionError as error:
        raise ReportError(f"{path}: {error.strerror}: the report goes into the run's own directory") from None
    return path


def draw(run: Run) -> str:
    """The whole page."""
    model = Model(run)
    file = run.file
    figures = every_figure(model)
    found = gaps.histogram(gaps.gaps_s(run.traffic))
    data: dict[str, Any] = {
        "picture": picture(model),
        "figures": [{"id": f.id, "rows": f.rows, "layers": f.layers, "height": height_px(f)} for f in figures],
        "gaps": found,
        "start": _start_s(model),
        "name": file.scenario,
    }
    title = scenario_title(file.title or file.scenario)
    upper = [
        '<body><a class="skip" href="#result">' + gettext("To the result") + "</a>",
        top(model, title),
        _jump(),
        '<main id="main">',
        _result(model),
        _timeline(model, figures[:1]),
        _sequences(model),
        _more(model, figures[1:], found),
        f'<section id="instants" aria-labelledby="h-instants"><h2 id="h-instants">{tables.against_measured(model)}</h2>'
        f"{tables.instants(model)}</section>",
    ]
    cited = {int(seq) for part in upper for seq in re.findall(r'href="#r(\d+)"', part)}
    cited |= {entry[-1] for entry in data["picture"]["story"]}
    body = [
        *upper,
        f'<section id="records" aria-labelledby="h-records"><h2 id="h-records">{gettext("Records")}</h2>{tables.records(model, cited)}</section>',
        "</main>",
        _foot(model),
        f'<script type="application/json" id="data">{embedded(data)}</script>',
        texts_of_scripts(),
        f'<script type="text/plain" id="plotly">{packed_plotly()}</script>',
        f'<script type="module">{script()}</script></body></html>',
    ]
    return head(f"{title}: {gettext(file.verdict)}", "report.css", "cluster.css") + "".join(body)


def height_px(figure: Figure) -> int:
    return AROUND_PX + round(sum(row.size for row in figure.rows) * ROW_PX)


def _start_s(model: Model) -> float:
    """The instant that the picture shows first: shortly after the first fault, or after the cluster was ready."""
    return min(4.3 if model.faults else 2.3, model.end_s)


def _jump() -> str:
    items = "".join(f'<li><a href="#{place}">{gettext(name)}</a></li>' for place, name in PLACES.items())
    return f'<nav class="jump" aria-label="{gettext("Parts of this report")}"><ul>{items}</ul></nav>'


def _result(model: Model) -> str:
    """What does not hold, documented against measured, and the picture that all of it moves."""
    bad = tables.bad_findings(model)
    return (
        f'<section id="result" class="result{" bad" if bad else ""}" aria-labelledby="h-result"><h2 id="h-result" class="sr">{gettext("Result")}</h2>'
        f'{bad}<div class="judged"><h3>{tables.against_measured(model)}</h3>{tables.compact(model)}'
        f"{tables.held(model)}</div>{_picture(model)}</section>"
    )


def _picture(model: Model) -> str:
    beats = (
        gettext(
            "{why}: hearts are drawn where, by the records and the faults in force, heartbeats flow.",
            why=gettext(model.run.traffic.missing),
        )
        if model.run.traffic.missing
        else gettext("Hearts are heartbeats of the capture, slowed down to be seen; a broken one never arrived.")
    )
    paces = {"0.5": gettext("half pace"), "1": gettext("real time")}
    paces |= {pace: gettext("{number} times", number=pace) for pace in ("5", "20")}
    options = "".join(
        f'<option value="{pace}"{" selected" if pace == "1" else ""}>{words}' for pace, words in paces.items()
    )
    return (
        '<div class="view" id="cluster" role="group" aria-label="' + gettext("The cluster at any instant") + '">'
        '<p class="instant"><b class="clock" id="clock"></b> <span class="dim" id="after"></span></p>'
        '<div class="stage" id="stage"></div>'
        f'<input type="range" id="slider" min="{model.begin_s:.3f}" max="{model.end_s:.3f}" step="0.1" '
        f'aria-label="{gettext("Instant, protocol seconds after the first fault")}">'
        f'<div class="controls"><button type="button" id="play">{gettext("▶ Play")}</button>'
        f'<label><span class="sr">{gettext("pace")}</span><select id="pace">{options}</select></label>'
        f'<button type="button" id="back" aria-label="{gettext("To the event before")}">{gettext("◀ event")}</button>'
        f'<button type="button" id="next" aria-label="{gettext("To the next event")}">{gettext("event ▶")}</button>'
        f'<button type="button" class="push" data-save="cluster">{gettext("Save as SVG")}</button></div>'
        '<div class="strip" id="strip" role="status" hidden></div>'
        f'<ol class="story" id="story" aria-label="{gettext("What happened last")}"></ol>'
        f'<p class="note beats">{escape(beats)}</p></div>'
    )


def _timeline(model: Model, figures: list[Figure]) -> str:
    zooms = "".join(
        f'<button type="button" data-zoom="{index}">⚡ {escape(fault.id)}</button>'
        for index, fault in enumerate(model.faults[:6])
    )
    bands = "".join(
        f"<li>⚡ <b>{escape(f.id)}</b>: {escape(f.about)}; "
        + gettext("in force at {when}", when=f'<a href="#r{f.seq}">{model.clock.told(f.begin_ns)}</a>')
        + (
            gettext(", undone at {when}", when=f'<a href="#r{f.end_seq}">{model.clock.told(f.end_ns)}</a>')
            if f.healed
            else ""
        )
        + "</li>"
        for f in model.faults
    )
    faults = f"<ul>{bands}</ul>" if bands else f'<p class="note">{gettext(NO_FAULT)}</p>'
    axes = gettext(
        "All figures share one time axis. Drag to zoom, hold Shift to pan, double-click for the whole run; the "
        "red line is the instant of the picture. Shaded: a fault in force; dotted: when it was asked for."
    )
    return (
        f'<section id="timeline" aria-labelledby="h-timeline"><h2 id="h-timeline">{gettext("Timeline")}</h2>'
        f'<p class="note">{axes}</p>'
        f'{faults}<div class="controls" role="group" aria-label="{gettext("Time axis")}"><button type="button" data-zoom="all">{gettext("Whole run")}</button>{zooms}'
        f'<button type="button" data-zoom="in" aria-label="{gettext("Zoom in")}">+</button><button type="button" data-zoom="out" aria-label="{gettext("Zoom out")}">\u2212</button>'
        f'<button type="button" data-zoom="left" aria-label="{gettext("Earlier")}">◀</button><button type="button" data-zoom="right" aria-label="{gettext("Later")}">▶</button></div>'
        + "".join(_figure(figure) for figure in figures)
        + "</section>"
    )


def _figure(figure: Figure) -> str:
    legend = "".join(_legend(layer) for layer in figure.layers if layer.items)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in figure.notes)
    return (
        f'<figure class="figure" aria-labelledby="h-{figure.id}"><div class="line"><h3 id="h-{figure.id}">{escape(figure.title)}</h3>'
        f'<button type="button" class="push" data-save="{figure.id}">{gettext("Save as SVG")}</button></div>'
        f'<p class="note">{escape(figure.about)}</p><ul class="legend">{legend}</ul>'
        f'<div class="plot" style="height:{height_px(figure)}px" role="img" aria-label="{escape(figure.alt(), quote=True)}">'
        f'<div id="fig-{figure.id}"></div><div class="cursor"></div></div>{notes}</figure>'
    )


def _legend(layer: lanes.Layer) -> str:
    if layer.kind == "bars":
        sign = f'<i class="sw" data-tone="{layer.tone}" style="--c:var(--t-{layer.tone})"></i>'
    else:
        symbol = {"ticks": "❘", "moves": "┄"}.get(layer.kind) or SYMBOLS.get(layer.symbol, "•")
        sign = f'<i class="sy" style="--c:var(--t-{layer.tone});font-style:normal" aria-hidden="true">{symbol}</i>'
    return f"<li>{sign}{escape(layer.name)}</li>"


def _more(model: Model, figures: list[Figure], found: dict[str, object]) -> str:
    return (
        '<section id="more" aria-labelledby="h-more"><h2 id="h-more">'
        + gettext("More figures")
        + "</h2>"
        + "".join(_figure(figure) for figure in figures)
        + _gaps(model, found)
        + "</section>"
    )


def _gaps(model: Model, found: dict[str, object]) -> str:
    if not found["total"]:
        why = gettext(model.run.traffic.missing or N_("The capture holds no two heartbeats on one way"))
        inner = f'<p class="note">{escape(gettext("{why}: there are no gaps to measure.", why=why))}</p>'
    else:
        told = gettext(
            "{number} gaps between heartbeats that arrived, by network; the axis of counts is logarithmic.",
            number=found["total"],
        )
        label = gettext("Histogram of {number} heartbeat gaps by network", number=found["total"])
        inner = f'<p>{told}</p><div class="plot h-slot" role="img" aria-label="{label}"><div id="fig-gaps"></div></div>'
    return f'<div id="gaps"><h3>{gettext("Heartbeat gaps")}</h3>{inner}</div>'


def _sequences(model: Model) -> str:
    hint = gettext("{fault}; times count from the first fault. Hover for the reason, click for the record.")
    parts = [
        f'<div class="line"><h3>{gettext("Around “{fault}”", fault=escape(d.fault.id))}</h3><button type="button" class="push" data-save="sequence-{number}">'
        f'{gettext("Save as SVG")}</button></div><p class="note">{hint.format(fault=escape(d.fault.about))}</p><div class="scroll" tabindex="0" role="region" id="sequence-{number}" '
        f'aria-label="{gettext("Sequence diagram around {fault}", fault=escape(d.fault.id, quote=True))}">{d.svg}</div>'
        + "".join(f'<p class="note">{escape(note)}</p>' for note in d.notes)
        for number, d in enumerate(diagrams(model), 1)
    ]
    inner = "".join(parts) or f'<p class="note">{gettext(NO_FAULT)}</p>'
    title = gettext("The moments around each fault")
    return f'<section id="sequences" aria-labelledby="h-seq"><h2 id="h-seq">{title}</h2>{inner}</section>'


def _foot(model: Model) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in sorted(model.run.file.versions.items())
    )
    told = gettext(
        "Drawn from run.json, history.jsonl and, if there, capture.pcapng of the run directory alone. Times are protocol "
        "seconds (real seconds times speed) after the first fault, or, without one, after the cluster was ready."
    )
    return (
        f"<footer><details><summary>{gettext('What this ran on')}</summary><table><caption>{gettext('Versions recorded with the run')}</caption><tbody>{rows}"
        f"</tbody></table></details><p>{told}</p></footer>"
    )
