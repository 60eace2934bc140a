"""The page report.html: tables, figures and drawings in one file.

This module decides what comes first (verdict, findings, the command that repeats the run), that nothing is ever fetched
(the content security policy allows inline code alone), and how Plotly travels: packed, because that makes the file a
third as large, and unpacked by the browser. Two calls on one run directory write the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import re
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from herzschlag.history.records import write_whole
from herzschlag.report import gaps, lanes, tables
from herzschlag.report.lanes import Figure
from herzschlag.report.model import Model
from herzschlag.report.picture import picture
from herzschlag.report.reading import REPORT_FILE, ReportError, Run, read_run
from herzschlag.report.sequence import diagrams

ROW_PX, AROUND_PX = 24, 80
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
HEART = '<svg viewBox="-10 -9 20 20" aria-hidden="true"><path d="M0-2.2C-2.6-7.6-9-5.6-8.4-.4-7.9 4-2.6 6.6 0 9.4 2.6 6.6 7.9 4 8.4-.4 9-5.6 2.6-7.6 0-2.2Z"/></svg>'
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


@cache
def static(name: str) -> str:
    return (resources.files("herzschlag.report") / "static" / name).read_text(encoding="utf-8")


@cache
def packed_plotly() -> str:
    """Plotly's own bundle, from the installed package."""
    plain = (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(plain, 9, mtime=0)).decode()


def script() -> str:
    """Both modules as one: a single file cannot import another."""
    return static("cluster.js").replace("export { createCluster };", "") + static("report.js")


def embedded(value: Any) -> str:
    """JSON that cannot end its script element, whatever names a run brings."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")


def head(title: str, *styles: str) -> str:
    return (
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{''.join(static(name) for name in styles)}</style>"
        "<script>if(matchMedia('(prefers-color-scheme: dark)').matches)document.documentElement.dataset.theme='dark'</script></head>"
    )


def draw(run: Run) -> str:
    """The whole page."""
    model = Model(run)
    file = run.file
    figures = lanes.figures(model)
    found = gaps.histogram(gaps.gaps_s(run.traffic))
    data: dict[str, Any] = {
        "picture": picture(model),
        "figures": [{"id": f.id, "rows": f.rows, "layers": f.layers, "height": height_px(f)} for f in figures],
        "gaps": found,
        "start": _start_s(model),
    }
    title = file.title or file.scenario
    upper = [
        '<body><a class="skip" href="#findings">To the findings</a>',
        _top(model, title),
        _jump(),
        '<main id="main">',
        f'<section id="findings" aria-labelledby="h-findings"><h2 id="h-findings">Findings</h2>{tables.findings(model)}</section>',
        f'<section id="instants" aria-labelledby="h-instants"><h2 id="h-instants">{tables.figure_word(model)} against measured</h2>'
        f"{tables.instants(model)}</section>",
        _cluster(model),
        _timeline(model, figures),
        _gaps(model, found),
        _sequences(model),
    ]
    cited = {int(seq) for part in upper for seq in re.findall(r'href="#r(\d+)"', part)}
    cited |= {entry[-1] for entry in data["picture"]["story"]}
    body = [
        *upper,
        '<section id="records" aria-labelledby="h-records"><h2 id="h-records">Records</h2>'
        '<details id="allrecords"><summary>Show the records</summary><div class="scroll" tabindex="0" role="region" aria-label="Records">'
        f"{tables.records(model, cited)}</div></details></section>",
        "</main>",
        _foot(model),
        f'<script type="application/json" id="data">{embedded(data)}</script>',
        f'<script type="text/plain" id="plotly">{packed_plotly()}</script>',
        f'<script type="module">{script()}</script></body></html>',
    ]
    return head(f"{title}: {file.verdict}", "report.css", "cluster.css") + "".join(body)


def height_px(figure: Figure) -> int:
    return AROUND_PX + round(sum(row.size for row in figure.rows) * ROW_PX)


def _start_s(model: Model) -> float:
    """The instant that the picture shows first: shortly after the first fault, or after the cluster was ready."""
    if model.faults:
        return min(lanes.seconds(model.faults[0].begin_ns) + 4.3, model.end_s)
    return min((lanes.seconds(model.ready.at_ns) if model.ready else 0) + 2.3, model.end_s)


def _top(model: Model, title: str) -> str:
    file = model.run.file
    facts = {
        "Scenario": file.scenario,
        "Backend": file.backend,
        "Speed": f"{file.speed:g}",
        "Seed": str(file.seed),
        "Hosts": str(len(model.hosts)),
        "VMs": str(len(model.vms)),
        "Length": f"{model.end_s:.0f} s of protocol time",
        "Records": str(len(model.history)),
    }
    listed = "".join(f"<li>{escape(name)} <b>{escape(value)}</b></li>" for name, value in facts.items())
    remarks = "".join(f'<p class="note">{escape(remark)}</p>' for remark in model.run.remarks)
    about = f"<p>{escape(model.run.scenario.about.strip())}</p>" if model.run.scenario.about.strip() else ""
    repeat = (
        f'<div class="repeat"><code id="repeat">{escape(file.repeat)}</code>'
        '<button type="button" id="copy" aria-label="Copy the command that repeats this run">copy</button></div>'
    )
    return (
        f'<header class="top"><div class="brand">{HEART}<span>Herzschlag run report</span>'
        '<button type="button" id="theme" class="push">light / dark</button></div>'
        f"<h1>{escape(title)}</h1>"
        f'<div class="verdict">{tables.badge(file.verdict, large=True)}<p>{escape(file.because)}</p></div>'
        f'<ul class="facts">{listed}</ul>{remarks}{about}<p class="note">Run it again:</p>{repeat}</header>'
    )


def _jump() -> str:
    places = {
        "findings": "Findings",
        "instants": "Published / measured",
        "cluster": "Cluster",
        "timeline": "Timeline",
        "gaps": "Heartbeat gaps",
        "sequences": "Sequence",
        "records": "Records",
    }
    items = "".join(f'<li><a href="#{place}">{name}</a></li>' for place, name in places.items())
    return f'<nav class="jump" aria-label="Parts of this report"><ul>{items}</ul></nav>'


def _cluster(model: Model) -> str:
    beats = (
        f"{model.run.traffic.missing}: hearts are drawn where, by the records and the faults in force, heartbeats flow."
        if model.run.traffic.missing
        else "Hearts are heartbeats of the capture, slowed down to be seen; a broken one never arrived."
    )
    return (
        '<section id="cluster" aria-labelledby="h-cluster"><h2 id="h-cluster">The cluster at any instant</h2>'
        '<div class="stage" id="stage"></div>'
        '<div class="controls"><button type="button" id="play">▶ Play</button>'
        '<label>pace <select id="pace"><option value="0.5">half<option value="1" selected>real<option value="5">5 times'
        '<option value="20">20 times</select></label>'
        '<button type="button" id="back" aria-label="To the event before">◀ event</button>'
        '<button type="button" id="next" aria-label="To the next event">event ▶</button>'
        f'<input type="range" id="slider" min="0" max="{model.end_s:.3f}" step="0.1" aria-label="Instant, protocol seconds">'
        '<span class="clock" id="clock"></span><span class="dim" id="after"></span></div>'
        '<ol class="story" id="story" aria-label="What happened last"></ol>'
        f'<p class="note">{escape(beats)}</p></section>'
    )


def _timeline(model: Model, figures: list[Figure]) -> str:
    zooms = "".join(
        f'<button type="button" data-zoom="{index}">⚡ {escape(fault.id)}</button>'
        for index, fault in enumerate(model.faults[:6])
    )
    bands = "".join(
        f"<li>⚡ <b>{escape(f.id)}</b>: {escape(f.about)}; asked for at {lanes.seconds(f.asked_ns):.3f} s, effective at "
        f'<a href="#r{f.seq}">{lanes.seconds(f.begin_ns):.3f} s</a>'
        + (f', undone at <a href="#r{f.end_seq}">{lanes.seconds(f.end_ns):.3f} s</a>' if f.healed else "")
        + "</li>"
        for f in model.faults
    )
    faults = f"<ul>{bands}</ul>" if bands else '<p class="note">No fault was set off in this run.</p>'
    return (
        '<section id="timeline" aria-labelledby="h-timeline"><h2 id="h-timeline">Timeline</h2>'
        "<p>All figures share one time axis. Drag to zoom, hold Shift to pan, double-click for the whole run; the red line is "
        "the instant of the picture above. Shaded: a fault in force, from effective to undone; dotted: when it was asked for.</p>"
        f'{faults}<div class="controls" role="group" aria-label="Time axis"><button type="button" data-zoom="all">Whole run</button>{zooms}'
        '<button type="button" data-zoom="in" aria-label="Zoom in">+</button><button type="button" data-zoom="out" aria-label="Zoom out">\u2212</button>'
        '<button type="button" data-zoom="left" aria-label="Earlier">◀</button><button type="button" data-zoom="right" aria-label="Later">▶</button></div>'
        + "".join(_figure(figure) for figure in figures)
        + "</section>"
    )


def _figure(figure: Figure) -> str:
    legend = "".join(_legend(layer) for layer in figure.layers if layer.items)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in figure.notes)
    return (
        f'<figure class="figure" aria-labelledby="h-{figure.id}"><h3 id="h-{figure.id}">{escape(figure.title)}</h3>'
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


def _gaps(model: Model, found: dict[str, object]) -> str:
    if not found["total"]:
        why = model.run.traffic.missing or "The capture holds no two heartbeats on one way"
        inner = f'<p class="note">{escape(why)}: there are no gaps to measure.</p>'
    else:
        inner = (
            f"<p>{found['total']} gaps between heartbeats that arrived, by network; the axis of counts is logarithmic.</p>"
            f'<div class="plot h-slot" role="img" aria-label="Histogram of {found["total"]} heartbeat gaps by network">'
            '<div id="fig-gaps"></div></div>'
        )
    return f'<section id="gaps" aria-labelledby="h-gaps"><h2 id="h-gaps">Heartbeat gaps</h2>{inner}</section>'


def _sequences(model: Model) -> str:
    parts = [
        f'<h3>Around “{escape(d.fault.id)}”</h3><p class="note">{escape(d.fault.about)}; times count from the instant it was '
        f'effective. Hover for the reason, click for the record.</p><div class="scroll" tabindex="0" role="region" '
        f'aria-label="Sequence diagram around {escape(d.fault.id, quote=True)}">{d.svg}</div>'
        + "".join(f'<p class="note">{escape(note)}</p>' for note in d.notes)
        for d in diagrams(model)
    ]
    inner = "".join(parts) or '<p class="note">No fault was set off in this run.</p>'
    return f'<section id="sequences" aria-labelledby="h-seq"><h2 id="h-seq">The moments around each fault</h2>{inner}</section>'


def _foot(model: Model) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in sorted(model.run.file.versions.items())
    )
    return (
        f"<footer><details><summary>What this ran on</summary><table><caption>Versions recorded with the run</caption><tbody>{rows}"
        "</tbody></table></details><p>Drawn from run.json, history.jsonl and, if there, capture.pcapng of the run directory alone. "
        "Times are protocol seconds: real seconds times speed.</p></footer>"
    )
