// Script of the report: theme, the drawn cluster at any instant, the figures on one time axis, links to records.
//
// All data is in the page itself, put there when the report was written; nothing is ever fetched.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const root = document.documentElement;
const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const phone = () => window.innerWidth < 640;
const PATTERNS = {
  "role-election": "/", "role-isolated": "x", "role-off": "\\", "role-frozen": ".", "role-agent-down": "-", "vm-starting": "/",
  "vm-stopping": "\\", "vm-paused": ".", silent: "/", "access-lost": "x", "lock-left": ".", "lock-other": "/", "so-ill": "\\",
  "belief-late": "/", "belief-wrong": "x",
};
const PATTERN_CLASSES = { "/": "p-slash", x: "p-cross", "\\": "p-back", ".": "p-dots", "-": "p-slash" };
const FLIGHT_S = 0.7; // of protocol time that a heart is drawn on its way; the real one takes less than a millisecond

// --- theme -------------------------------------------------------------------------------------------------------------
const darkMedia = matchMedia("(prefers-color-scheme: dark)");
let wish = null;
let printing = false;
function applyTheme() {
  root.dataset.theme = printing ? "light" : wish || (darkMedia.matches ? "dark" : "light");
  redrawFigures();
}
darkMedia.addEventListener("change", applyTheme);
$("theme").addEventListener("click", () => {
  wish = root.dataset.theme === "dark" ? "light" : "dark";
  applyTheme();
});
$("copy").addEventListener("click", async () => {
  const code = $("repeat");
  try {
    await navigator.clipboard.writeText(code.textContent);
    $("copy").textContent = "copied";
  } catch {
    getSelection().selectAllChildren(code); // without permission to write the clipboard: select, for Ctrl-C
  }
});

// --- the cluster at an instant -------------------------------------------------------------------------------------------
const pic = data.picture;
const cluster = createCluster($("stage"), pic);
const nodes = [...pic.hosts, "gateway", "vcenter"];
const slider = $("slider");
let now = 0;

function at(steps, t) {
  let found = steps[0];
  for (const step of steps) {
    if (step[0] > t) break;
    found = step;
  }
  return found;
}
function segmentAt(t) {
  return pic.segments.find((s) => s.begin <= t && t < s.end) || pic.segments[pic.segments.length - 1];
}
function stateAt(t) {
  const segment = segmentAt(t) || { links: {}, groups: {}, impaired: [], storage: [], gateway: "", vcenter: "", cuts: [] };
  const roles = {}, notes = {}, vms = [];
  for (const host of pic.hosts) {
    roles[host] = (at(pic.roles[host], t) || [0, "uninitialized"])[1];
    const said = (pic.masters[host] || []).filter((m) => m[0] <= t && t < m[1]);
    notes[host] = said.map((m) => ({ state: m[2], by: m[3] }));
  }
  for (const [name, stretches] of Object.entries(pic.vms)) {
    for (const s of stretches) if (s[0] <= t && t < s[1]) vms.push({ name, host: s[2], state: s[3] });
  }
  return { roles, notes, vms, links: segment.links, groups: segment.groups, impaired: segment.impaired, storage: segment.storage, gateway: segment.gateway, vcenter: segment.vcenter, segment };
}
function heartsAt(t, state) {
  if (!pic.schematic) {
    return pic.beats
      .filter((b) => b[0] <= t && t < b[0] + FLIGHT_S)
      .map((b) => ({ network: b[2], from: b[3], to: b[4], progress: (t - b[0]) / FLIGHT_S, lost: b[1] === null }));
  }
  const since = t % 1; // heartbeats leave each whole second
  if (since >= FLIGHT_S) return [];
  const beats = state.segment.cuts || [];
  const cut = new Set(beats.map((c) => c.join("|")));
  const alive = (host) => ["master", "slave"].includes(state.roles[host]);
  const list = [];
  for (const master of pic.hosts.filter((h) => state.roles[h] === "master")) {
    for (const host of pic.hosts) {
      if (host === master) continue;
      pic.networks.forEach((network, net) => {
        for (const [from, to] of [[master, host], [host, master]]) {
          if (!alive(from) || state.roles[from] === "off") continue;
          if (from === host && state.roles[host] === "master") continue;
          const gone = state.roles[to] === "off" || cut.has(`${net}|${nodes.indexOf(from)}|${nodes.indexOf(to)}`);
          list.push({ network, from, to, progress: since / FLIGHT_S, lost: gone });
        }
      });
    }
  }
  return list;
}
function afterFault(t) {
  const before = pic.faults.filter((f) => f.begin <= t + 1e-9);
  if (!before.length) return "";
  const last = before[before.length - 1];
  return `${(t - last.begin).toFixed(1)} s after “${last.id}”`;
}
function setTime(t, fromSlider = false) {
  now = Math.max(0, Math.min(pic.end, t));
  if (!fromSlider) slider.value = String(now);
  slider.setAttribute("aria-valuetext", `${now.toFixed(1)} seconds${afterFault(now) ? ", " + afterFault(now) : ""}`);
  const state = stateAt(now);
  cluster.render(state);
  cluster.hearts(heartsAt(now, state));
  $("clock").textContent = `${now.toFixed(1)} s`;
  $("after").textContent = afterFault(now);
  tellStory();
  moveCursors();
}
let told = "";
function tellStory() {
  let index = pic.story.findIndex((s) => s[0] > now + 1e-6);
  if (index < 0) index = pic.story.length;
  const last = pic.story.slice(Math.max(0, index - 4), index).reverse();
  const key = last.map((s) => s[3]).join();
  if (key === told) return;
  told = key;
  $("story").replaceChildren(
    ...last.map(([t, what, because, seq]) => {
      const item = document.createElement("li"), time = document.createElement("time"), link = document.createElement("a");
      time.textContent = `${t.toFixed(2)} s`;
      link.href = `#r${seq}`;
      link.textContent = what + (because ? `: ${because}` : "");
      item.append(time, link);
      return item;
    }),
  );
}
slider.addEventListener("input", () => setTime(Number(slider.value), true));
const marks = pic.story.map((s) => s[0]);
$("back").addEventListener("click", () => setTime([...marks].reverse().find((m) => m < now - 0.01) ?? 0));
$("next").addEventListener("click", () => setTime(marks.find((m) => m > now + 0.01) ?? pic.end));
let playing = 0, lastFrame = 0;
function frame(stamp) {
  if (!playing) return;
  const pace = Number($("pace").value);
  if (lastFrame) setTime(now + ((stamp - lastFrame) / 1000) * pace);
  lastFrame = stamp;
  if (now >= pic.end) stop();
  else playing = requestAnimationFrame(frame);
}
function stop() {
  cancelAnimationFrame(playing);
  playing = 0;
  $("play").textContent = "▶ Play";
}
$("play").addEventListener("click", () => {
  if (playing) return stop();
  if (now >= pic.end) setTime(0);
  lastFrame = 0;
  playing = requestAnimationFrame(frame);
  $("play").textContent = "❚❚ Pause";
});

// --- figures on one time axis ----------------------------------------------------------------------------------------------
const drawn = [];
const whole = [-pic.end * 0.012, pic.end * 1.012];
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
    lines.push(`${cells.slice(1, -4).join(" · ")} · record #${seq}`);
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
        customdata: layer.items.map((i) => `${said(i[4], i[5]) || wrap(i[3] || layer.name)}<br>${i[1].toFixed(2)} s – ${i[2].toFixed(2)} s`),
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
        const way = `${layer.name}, ${figure.rows[i[0]].label} to ${i[2]}`;
        if (before && (before[0] !== i[0] || i[1] - before[1] > pause)) {
          x.push(null);
          ys.push(null);
          hover.push("");
        }
        x.push(i[1], i[1], i[1]);
        ys.push(foot, peak, foot);
        hover.push(way, way, way);
      });
      traces.push({ type: "scatter", mode: "lines", name: layer.name, showlegend: false, x, y: ys, text: hover, hovertemplate: "%{text}<br>%{x:.3f} s<extra></extra>", line: { color, width: lost ? 2.4 : 1.2 } });
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
    level = f.begin - lastEnd < pic.end / 8 ? 1 - level : 0;
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
    barmode: "overlay", bargap: 0, height: figure.height, margin: { l: left, r: 12, t: 36, b: 44, pad: 4 }, autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: "inherit", color: css("--ink") },
    uniformtext: { minsize: 9, mode: "hide" }, hovermode: "closest", dragmode: phone() ? false : "zoom", shapes, annotations,
    hoverlabel: { bgcolor: css("--panel"), bordercolor: css("--edge"), font: { color: css("--ink"), size: 12.5 }, align: "left" },
    xaxis: axes({ range: [...range], title: { text: "protocol seconds since the run began", standoff: 6, font: { color: css("--dim"), size: 12 } }, ticksuffix: " s", fixedrange: phone() }),
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
    type: "bar", name: `network ${network}`, x: list.map((_, i) => i * width), y: list, width: list.map(() => width), offset: 0,
    marker: { color: css(`--t-beat-${network}`), opacity: 0.75, pattern: network === "B" ? { shape: "/", size: 6, solidity: 0.2, fgcolor: "rgba(255,255,255,.7)", fillmode: "overlay" } : undefined },
    hovertemplate: `network ${network}: %{y} gaps from %{x:.3f} s<extra></extra>`,
  }));
  Plotly.react(box, traces, {
    barmode: "group", height: 300, margin: { l: 64, r: 12, t: 10, b: 44 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "inherit", color: css("--ink") }, legend: { orientation: "h", y: 1.05, x: 0 }, dragmode: false,
    xaxis: axes({ title: { text: "gap between two arrivals, protocol seconds", font: { color: css("--dim"), size: 12 } }, ticksuffix: " s" }),
    yaxis: axes({ type: "log", title: { text: "gaps", font: { color: css("--dim"), size: 12 } } }),
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

// --- links to records --------------------------------------------------------------------------------------------------------
function follow() {
  const row = /^#r\d+$/.test(location.hash) ? $(location.hash.slice(1)) : null;
  const time = /^#t=([\d.]+)$/.exec(location.hash);
  if (time) setTime(Number(time[1]));
  if (!row) return;
  $("allrecords").open = true;
  document.querySelector(".lit")?.classList.remove("lit");
  row.classList.add("lit");
  row.scrollIntoView({ block: "center" });
  setTime(Number(row.dataset.t));
}
addEventListener("hashchange", follow);

// --- print -------------------------------------------------------------------------------------------------------------------
function forPrint(on) {
  printing = on;
  for (const box of drawn) box.style.width = on ? "690px" : "";
  applyTheme();
  if (window.Plotly) for (const box of [...drawn, $("fig-gaps")]) if (box) Plotly.Plots.resize(box);
}
addEventListener("beforeprint", () => forPrint(true));
addEventListener("afterprint", () => forPrint(false));

// --- begin -------------------------------------------------------------------------------------------------------------------
applyTheme();
setTime(data.start);
follow();
unpackPlotly().then(
  async () => {
    for (const figure of data.figures) {
      drawFigure(figure);
      await new Promise((go) => setTimeout(go)); // the page stays usable between figures
    }
    drawHistogram();
    moveCursors();
    root.dataset.drawn = "yes";
  },
  (error) => {
    for (const box of document.querySelectorAll(".plot > div:first-child")) box.textContent = `The figures cannot be drawn by this browser: ${error.message}`;
    root.dataset.drawn = "no";
  },
);
