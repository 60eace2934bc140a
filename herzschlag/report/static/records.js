// Links to records: each moves the picture to its instant, brings the picture into view and shows the record below it.
//
// This module decides what a link `#r12` or `#t=17.9` does, and which rows the search of the records leaves.

const view = $("cluster");

function intoView(element, block) {
  element.scrollIntoView({ block, behavior: "instant" });
}
/** Bring the picture into view, if it is not. */
function showPicture() {
  const box = $("stage").getBoundingClientRect();
  const top = 60; // below the bar of links
  if (box.top < top || box.bottom > innerHeight) intoView(view, "start");
}
function showRecord(row) {
  const [number, time, node, kind, what, because] = [...row.cells].map((cell) => cell.textContent.trim());
  const made = (tag, words, name = "") => Object.assign(document.createElement(tag), { textContent: words, className: name });
  const more = made("button", gettext("Among the records"));
  more.type = "button";
  more.addEventListener("click", () => {
    $("allrecords").open = true;
    $("find").value = "";
    $("kind").value = "*";
    filter();
    intoView(row, "center");
    row.querySelector("a").focus({ preventScroll: true });
  });
  const close = made("button", "✕");
  close.type = "button";
  close.setAttribute("aria-label", gettext("Close this record"));
  close.addEventListener("click", () => ($("strip").hidden = true));
  const told = made("p", "");
  told.append(made("b", `${time} ${what}`), made("span", because ? ` ${gettext("because: {why}", { why: because })}` : ""));
  told.append(made("small", ` ${gettext("record {number}, {kind} of {node}", { number, kind, node })} `));
  $("strip").replaceChildren(told, more, close);
  $("strip").hidden = false;
  document.querySelector(".lit")?.classList.remove("lit");
  row.classList.add("lit");
}
function follow(scroll = true) {
  const row = /^#r\d+$/.test(location.hash) ? $(location.hash.slice(1)) : null;
  const time = /^#t=(?:T?\+?)(-?[\d.,]+)$/.exec(decodeURIComponent(location.hash));
  if (!row && !time) return;
  setTime(Number(row ? row.dataset.t : time[1].replace(",", ".")));
  if (row) showRecord(row);
  if (scroll) showPicture();
}
addEventListener("click", (event) => {
  const link = event.target.closest?.("a");
  const href = link?.getAttribute("href") || "";
  if (!/^#r\d+$/.test(href) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault(); // the row is far below: the picture is to come to the reader, not the reader to the row
  if (location.hash !== href) history.pushState(null, "", href);
  follow();
});
addEventListener("popstate", () => follow(!location.hash.startsWith("#r")));

// --- search --------------------------------------------------------------------------------------------------------------
const rows = [...document.querySelectorAll(".records tbody tr")];
let texts = null;
function filter() {
  texts ??= rows.map((row) => row.textContent.toLowerCase());
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean), kind = $("kind").value;
  let count = 0;
  rows.forEach((row, index) => {
    const is = row.cells[3].textContent;
    const shown = (kind === "*" || (kind ? is === kind : is !== "lateness" || words.includes("lateness"))) && words.every((word) => texts[index].includes(word));
    row.hidden = !shown;
    count += shown;
  });
  $("found").textContent = gettext("{number} of {all}", { number: count, all: rows.length });
}
$("find").addEventListener("input", filter);
$("kind").addEventListener("change", filter);
$("allrecords").addEventListener("toggle", filter);
