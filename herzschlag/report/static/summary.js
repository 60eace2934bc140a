// Distributions of the summary page: one strip of points and a box per scenario.

const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const media = matchMedia("(prefers-color-scheme: dark)");
let wish = null;

function draw() {
  root.dataset.theme = wish || (media.matches ? "dark" : "light");
  if (!window.Plotly) return;
  for (const [place, groups] of Object.entries(data)) {
    const box = document.getElementById(`fig-${place}`);
    if (!box) continue;
    const names = Object.keys(groups).reverse();
    const left = Math.min(170, 24 + 7 * Math.max(...names.map((n) => n.length)));
    const axis = { gridcolor: css("--line"), zeroline: false, tickfont: { color: css("--dim"), size: 11.5 } };
    Plotly.react(box, names.map((name) => ({
      type: "box", orientation: "h", name, x: groups[name], y0: name, boxpoints: "all", jitter: 0.5, pointpos: 0, showlegend: false,
      marker: { color: css("--net-a"), size: 6, opacity: 0.65 }, line: { color: css("--edge"), width: 1.4 }, fillcolor: "rgba(0,0,0,0)",
      hovertemplate: `${name}: %{x:.3f} s<extra></extra>`,
    })), {
      height: Number(box.dataset.height), margin: { l: left, r: 16, t: 8, b: 46 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "inherit", color: css("--ink") }, dragmode: false,
      hoverlabel: { bgcolor: css("--panel"), bordercolor: css("--edge"), font: { color: css("--ink") } },
      xaxis: { ...axis, rangemode: "tozero", ticksuffix: " s", title: { text: "protocol seconds after the first fault", font: { color: css("--dim"), size: 12 } } },
      yaxis: { ...axis, showgrid: false },
    }, { displayModeBar: false, responsive: true });
  }
}
document.getElementById("theme").addEventListener("click", () => {
  wish = root.dataset.theme === "dark" ? "light" : "dark";
  draw();
});
media.addEventListener("change", draw);
draw();
const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
const code = document.createElement("script");
code.textContent = await new Response(stream).text();
document.head.append(code);
draw();
root.dataset.drawn = "yes";
