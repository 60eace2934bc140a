// The page as a whole: theme, paper, the begin.

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
    $("copy").textContent = gettext("copied");
  } catch {
    getSelection().selectAllChildren(code); // without permission to write the clipboard: select, for Ctrl-C
  }
});

// --- print: light, and at the instant that is shown --------------------------------------------------------------------
function forPrint(on) {
  printing = on;
  for (const box of drawn) box.style.width = on ? "690px" : "";
  applyTheme();
  if (window.Plotly) for (const box of [...drawn, $("fig-gaps")]) if (box) Plotly.Plots.resize(box);
  moveCursors();
}
addEventListener("beforeprint", () => forPrint(true));
addEventListener("afterprint", () => forPrint(false));

// --- begin -------------------------------------------------------------------------------------------------------------------
applyTheme();
setTime(data.start);
follow();
root.dataset.set = "yes";
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
    for (const box of document.querySelectorAll(".plot > div:first-child")) box.textContent = gettext("The figures cannot be drawn by this browser: {error}", { error: error.message });
    root.dataset.drawn = "no";
  },
);
