// The figures on one time axis, drawn by Plotly from rows, bars, marks and ticks.
//
// This module decides how a layer becomes a trace, and that zooming one figure zooms all of them.

const PATTERNS = {
  "role-election": "/", "role-isolated": "x", "role-off": "\\", "role-frozen": ".", "role-agent-down": "-", "vm-starting": "/",
  "vm-stopping": "\\", silent: "/", "access-lost": "x", "lock-left": ".", "lock-other": "/", "so-ill": "\\",
  "belief-late": "/", "belief-wrong": "x",
};
const PATTERN_CLASSES = { "/": "p-slash", x: "p-cross", "\\": "p-back", ".": "p-dots", "-": "p-slash" };
const drawn = [];
const margin = (pic.end - pic.begin) * 0.012;
const whole = [pic.begin - margin, pic.end + margin];
let range = phone() && pic.faults.length ? [pic.faults[0].begin - 4, Math.min(pic.end, pic.faults[0].begin + 80)] : [...whole];
let syncing = false;

function said(seq, extra) {
  const row = seq === null ? null : $(`r${seq}`);
  const lines = [];
  if (extra) lines.push(extra);
  if (row) {
    const cells = [...row.cells].map((cell) => cell.textContent.trim());
    const because = cells[cells.length - 1];
    lines.push(`<b>${cells[cells.length - 2]}</b>`);
    if (because) lines.push(because);
    lines.push(`${cells[1]} · ${gettext("record #{number}", { number: seq })}`);
  }
  return lines.map(wrap).join("<br>");
}
function wrap(line) {
  const escaped = line.replace(/<(?!\/?b>)/g, "&lt;");
  return escaped.replace(/(.{1,64})(\s|$)/g, "$1<br>").replace(/<br>$/, "");
}
function tracesOf(figure) {
  const y = [];
  let top = 0;
  for (const row of figure.rows) {
    y.push(top + row.size / 2);
    top += row.size;
  }
  const traces = [];
  for (const layer of figure.layers) {
    const color = css(`--t-${layer.tone}`) || css("--edge");
    if (layer.kind === "bars") {
      traces.push({
        type: "bar", orientation: "h", name: layer.name, showlegend: false,
        y: layer.items.map((i) => y[i[0]]), base: layer.items.map((i) => i[1]), x: layer.items.map((i) => i[2] - i[1]),
        width: layer.items.map((i) => figure.rows[i[0]].size * 0.82),
        text: layer.items.map((i) => i[3]), textposition: "inside", insidetextanchor: "start", textangle: 0, cliponaxis: true,
        customdata: layer.items.map((i) => `${said(i[4], i[5]) || wrap(i[3] || layer.name)}<br>${told(i[1], 2)} – ${told(i[2], 2)}`),
        hovertemplate: "%{customdata}<extra></extra>",
        marker: {
          color, line: { width: 0.8, color: css("--panel") },
          pattern: PATTERNS[layer.tone] ? { shape: PATTERNS[layer.tone], size: 7, solidity: 0.22, fgcolor: "rgba(0,0,0,.5)", fillmode: "overlay" } : undefined,
        },
        textfont: { color: /role-(master|off|isolated)|belief-wrong|access-lost/.test(layer.tone) ? "#fff" : css("--ink"), size: 11.5 },
      });
      if (/role-(election)|belief-late/.test(layer.tone)) traces[traces.length - 1].textfont.color = "#241c00";
    } else if (layer.kind === "marks") {
      traces.push({
        type: "scatter", mode: "markers", name: layer.name, showlegend: false, x: layer.items.map((i) => i[1]), y: layer.items.map((i) => y[i[0]]),
        customdata: layer.items.map((i) => said(i[2], i[3]) || layer.name), hovertemplate: "%{customdata}<extra></extra>",
        marker: { symbol: layer.symbol, size: layer.symbol.startsWith("x-thin") ? 6 : 10, color, line: { width: layer.symbol.includes("open") || layer.symbol.startsWith("x-thin") ? 1.8 : 1.2, color: layer.symbol.includes("open") || layer.symbol.startsWith("x-thin") ? color : css("--panel") } },
      });
    } else if (layer.kind === "ticks") {
      // One comb per row, as on a heart monitor: up and down at each beat, broken off where none came for a while.
      const x = [], ys = [], hover = [];
      const pause = 2.5 * layer.every, lost = layer.tone === "lost";
      const ordered = [...layer.items].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      ordered.forEach((i, index) => {
        const before = ordered[index - 1];
        const size = figure.rows[i[0]].size, foot = y[i[0]] + size * 0.36, peak = y[i[0]] - size * (lost ? 0.04 : 0.36);
        const way = gettext("{what}, {from} to {to}", { what: layer.name, from: figure.rows[i[0]].label, to: i[2] });
        if (before && (before[0] !== i[0] || i[1] - before[1] > pause)) {
          x.push(null);
          ys.push(null);
          hover.push("");
        }
        x.push(i[1], i[1], i[1]);
        ys.push(foot, peak, foot);
        hover.push(way, way, way);
      });
      traces.push({ type: "scatter", mode: "lines", name: layer.name, showlegend: false, x, y: ys, text: hover, hovertemplate: "%{text}<br>T%{x:+.3f}<extra></extra>", line: { color, width: lost ? 2.4 : 1.2 } });
    } else {
      const x = [], ys = [];
      for (const i of layer.items) {
        x.push(i[1], i[3], null);
        ys.push(y[i[0]], y[i[2]], null);
      }
      traces.push({ type: "scatter", mode: "lines", name: layer.name, showlegend: false, x, y: ys, hoverinfo: "skip", line: { color, width: 1.8, dash: "dot" } });
    }
  }
  return { traces, y, top };
}
function axes(extra) {
  const color = css("--dim"), grid = css("--line");
  return { gridcolor: grid, zeroline: false, linecolor: grid, tickfont: { color, size: 11.5 }, title: { font: { color, size: 12 } }, ...extra };
}
function layoutOf(figure, y, top) {
  const shapes = [], annotations = [];
  const fault = css("--fault");
  let lastEnd = -1e9, level = 0;
  for (const f of pic.faults) {
    shapes.push({ type: "rect", xref: "x", yref: "paper", x0: f.begin, x1: f.lasting ? f.end : f.begin, y0: 0, y1: 1, fillcolor: fault, opacity: 0.1, line: { width: 0 }, layer: "below" });
    shapes.push({ type: "line", xref: "x", yref: "paper", x0: f.begin, x1: f.begin, y0: 0, y1: 1.0, line: { color: fault, width: 1.6 }, layer: "below" });
    if (f.begin - f.asked > 1e-4) shapes.push({ type: "line", xref: "x", yref: "paper", x0: f.asked, x1: f.asked, y0: 0, y1: 1, line: { color: fault, width: 1.2, dash: "dot" } });
    if (f.healed) shapes.push({ type: "line", xref: "x", yref: "paper", x0: f.end, x1: f.end, y0: 0, y1: 1, line: { color: fault, width: 1.2, dash: "dash" }, layer: "below" });
    level = f.begin - lastEnd < (pic.end - pic.begin) / 8 ? 1 - level : 0;
    lastEnd = f.begin;
    annotations.push({ x: f.begin, y: 1, xref: "x", yref: "paper", xanchor: "left", yanchor: "bottom", yshift: level * 13, showarrow: false, text: "⚡ " + wrap(f.id).slice(0, 40), font: { size: 11.5, color: fault } });
  }
  let edge = 0, group = null;
  figure.rows.forEach((row, index) => {
    if (group !== null && row.group !== group) shapes.push({ type: "line", xref: "paper", yref: "y", x0: -0.2, x1: 1, y0: edge, y1: edge, line: { color: css("--line"), width: 1 }, layer: "below" });
    group = row.group;
    edge += row.size;
  });
  const left = phone() ? 92 : 172;
  const short = (label) => (phone() && label.length > 15 ? label.slice(0, 14) + "…" : label);
  return {
    separators: decimal(".") === "," ? ",." : ".,", barmode: "overlay", bargap: 0, height: figure.height, margin: { l: left, r: 12, t: 36, b: 44, pad: 4 }, autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: "inherit", color: css("--ink") },
    uniformtext: { minsize: 9, mode: "hide" }, hovermode: "closest", dragmode: phone() ? false : "zoom", shapes, annotations,
    hoverlabel: { bgcolor: css("--panel"), bordercolor: css("--edge"), font: { color: css("--ink"), size: 12.5 }, align: "left" },
    xaxis: axes({ range: [...range], title: { text: gettext("protocol seconds after the first fault (T)"), standoff: 6, font: { color: css("--dim"), size: 12 } }, tickformat: "+", fixedrange: phone() }),
    yaxis: axes({ range: [top, 0], tickvals: y, ticktext: figure.rows.map((r) => short(r.label)), tickfont: { color: css("--dim"), size: phone() ? 9.5 : 11.5 }, fixedrange: true, showgrid: false }),
  };
}
const config = { displaylogo: false, displayModeBar: false, responsive: true, doubleClick: false };

function drawFigure(figure) {
  const { traces, y, top } = tracesOf(figure);
  const box = $(`fig-${figure.id}`);
  Plotly.react(box, traces, layoutOf(figure, y, top), config);
  if (drawn.includes(box)) return;
  drawn.push(box);
  box.on("plotly_relayout", (change) => {
    if (syncing || !("xaxis.range[0]" in change)) return;
    setRange(change["xaxis.range[0]"], change["xaxis.range[1]"]);
  });
  box.on("plotly_doubleclick", () => setRange(...whole));
  box.on("plotly_click", (event) => setTime(event.points[0].data.type === "bar" ? event.xvals?.[0] ?? event.points[0].base : event.points[0].x));
}
function setRange(low, high) {
  const width = Math.min(Math.max(high - low, 0.5), whole[1] - whole[0]);
  const begin = Math.max(whole[0], Math.min(low, whole[1] - width));
  range = [begin, begin + width];
  syncing = true;
  Promise.all(drawn.map((box) => Plotly.relayout(box, { "xaxis.range": [...range] }))).finally(() => {
    syncing = false;
    moveCursors();
  });
}
function moveCursors() {
  for (const box of drawn) {
    const axis = box._fullLayout?.xaxis, cursor = box.parentElement.querySelector(".cursor");
    if (!axis || !cursor) continue;
    const inside = now >= axis.range[0] && now <= axis.range[1];
    cursor.style.display = inside ? "block" : "none";
    if (inside) cursor.style.transform = `translateX(${axis._offset + axis.l2p(now)}px)`;
  }
}
function drawHistogram() {
  const box = $("fig-gaps");
  if (!box) return;
  const { width, counts } = data.gaps;
  const traces = Object.entries(counts).map(([network, list]) => ({
    type: "bar", name: gettext("network {network}", { network }), x: list.map((_, i) => i * width), y: list, width: list.map(() => width), offset: 0,
    marker: { color: css(`--t-beat-${network}`), opacity: 0.75, pattern: network === "B" ? { shape: "/", size: 6, solidity: 0.2, fgcolor: "rgba(255,255,255,.7)", fillmode: "overlay" } : undefined },
    hovertemplate: gettext("network {network}: %{y} gaps from %{x:.3f} s", { network }) + "<extra></extra>",
  }));
  Plotly.react(box, traces, {
    barmode: "group", height: 300, margin: { l: 64, r: 12, t: 10, b: 44 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "inherit", color: css("--ink") }, legend: { orientation: "h", y: 1.05, x: 0 }, dragmode: false,
    xaxis: axes({ title: { text: gettext("gap between two arrivals, protocol seconds"), font: { color: css("--dim"), size: 12 } }, ticksuffix: " s" }),
    yaxis: axes({ type: "log", title: { text: gettext("number of gaps"), font: { color: css("--dim"), size: 12 } } }),
  }, config);
}
function redrawFigures() {
  if (!window.Plotly) return;
  data.figures.forEach(drawFigure);
  drawHistogram();
  moveCursors();
}
async function unpackPlotly() {
  const packed = Uint8Array.from(atob($("plotly").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}
function zoom(factor) {
  const middle = now >= range[0] && now <= range[1] ? now : (range[0] + range[1]) / 2;
  setRange(middle - (middle - range[0]) * factor, middle + (range[1] - middle) * factor);
}
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => {
    const what = button.dataset.zoom, width = range[1] - range[0];
    if (what === "all") setRange(...whole);
    else if (what === "in") zoom(0.5);
    else if (what === "out") zoom(2);
    else if (what === "left") setRange(range[0] - width / 3, range[1] - width / 3);
    else if (what === "right") setRange(range[0] + width / 3, range[1] + width / 3);
    else {
      const f = pic.faults[Number(what)];
      setRange(f.begin - 4, Math.min(pic.end, f.begin + 80));
      setTime(f.begin + 0.3);
    }
  });
}
for (const item of document.querySelectorAll(".sw[data-tone]")) {
  const pattern = PATTERNS[item.dataset.tone];
  if (pattern) item.classList.add(PATTERN_CLASSES[pattern]);
}
