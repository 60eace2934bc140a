// Drawings as files: an SVG of the picture, a figure or a sequence, as it is shown.
//
// This module decides that a saved drawing needs nothing else: what the page's styles say is written into each element.

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "stroke-opacity",
  "paint-order", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "visibility", "display"];

/** The drawing alone, as text. */
function svgText(svg) {
  const copy = svg.cloneNode(true);
  const from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, index) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) to[index].style.setProperty(name, style.getPropertyValue(name));
    to[index].removeAttribute("class");
  });
  for (const link of copy.querySelectorAll("a")) link.removeAttribute("href");
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.style.background = getComputedStyle(svg.closest("section")).backgroundColor;
  return new XMLSerializer().serializeToString(copy);
}
function saveSvg(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = `${name}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
addEventListener("click", async (event) => {
  const what = event.target.closest?.("[data-save]")?.dataset.save;
  if (!what) return;
  const data = JSON.parse(document.getElementById("data").textContent);
  const figure = document.getElementById(`fig-${what}`);
  if (figure) {
    const url = await Plotly.toImage(figure, { format: "svg", width: figure.clientWidth, height: figure.clientHeight });
    saveSvg(decodeURIComponent(url.slice(url.indexOf(",") + 1)), `${data.name}-${what}`);
    return;
  }
  const svg = document.querySelector(what === "cluster" ? "#stage svg" : `#${what} svg`);
  const at = what === "cluster" ? `-${document.getElementById("clock").textContent}` : "";
  saveSvg(svgText(svg), `${data.name}-${what}${at}`);
});
