// Parts of the lesson's page: questions, answers, what each agent knows, packets. Each function makes elements from data.
//
// This module decides how they look and read; it keeps nothing and knows neither the socket nor the place.

import { decimal, gettext } from "/static/gettext.js";

const SIGNS = { master: "★", slave: "●", election: "◆", isolated: "⊘", off: "✕", frozen: "‖", "agent-down": "▽", vcenter: "▣" };
const MARKS = { right: "✓", late: "…", wrong: "✗" };

function make(tag, words = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = words;
  if (name) made.className = name;
  return made;
}

/** A text with `code` and *emphasis*, as elements. */
function marked(text, tag = "p") {
  const made = document.createElement(tag);
  for (const piece of text.split(/(`[^`]*`|\*[^*]*\*)/)) {
    if (piece.startsWith("`")) made.append(make("code", piece.slice(1, -1)));
    else if (piece.startsWith("*")) made.append(make("em", piece.slice(1, -1)));
    else made.append(piece);
  }
  return made;
}

/** As reports write an instant: T is the first fault, or without one when the cluster was ready. */
function told(at, decimals = 1) {
  const text = decimal(at.toFixed(decimals));
  return /^-?0[.,]?0*$/.test(text) ? `T+${text.replace("-", "")}` : `T${at > 0 ? "+" : ""}${text}`;
}

/** One question; `answer` is there when it was told, `mine` what this browser answered, `changed` is called with another. */
function question(asked, answer, mine, right, changed) {
  const box = make("fieldset", "", "question");
  box.dataset.id = asked.id;
  box.disabled = Boolean(answer);
  const legend = marked(asked.ask, "legend");
  legend.prepend(make("span", `${asked.id} `, "number"));
  box.append(legend);
  if (asked.choices.length) asked.choices.forEach((words, index) => box.append(choice(asked, words, index, answer, mine, changed)));
  else box.append(field(asked, mine, changed));
  if (answer) box.append(answered(answer, mine, right));
  return box;
}

function choice(asked, words, index, answer, mine, changed) {
  const label = marked(words, "label");
  label.className = "choice";
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: asked.id, value: String(index), checked: mine === index });
  input.addEventListener("change", () => changed(index));
  label.prepend(input);
  if (answer) {
    label.classList.toggle("is-right", answer.right === index);
    label.classList.toggle("is-wrong", answer.right !== index && mine === index);
    label.append(make("b", answer.right === index ? " ✓" : mine === index ? " ✗" : ""));
  }
  return label;
}

function field(asked, mine, changed) {
  const label = make("label", "", "field");
  const input = document.createElement("input");
  Object.assign(input, { type: "text", inputMode: "decimal", name: asked.id, size: 5, maxLength: 6, autocomplete: "off", value: mine ?? "" });
  input.setAttribute("aria-label", asked.ask);
  input.addEventListener("input", () => {
    const fine = /^\s*\d+([.,]\d+)?\s*$/.test(input.value);
    input.toggleAttribute("aria-invalid", Boolean(input.value) && !fine);
    changed(fine ? input.value.trim() : "");
  });
  label.append(input, ` ${asked.unit === "s" ? gettext("seconds") : asked.unit}`);
  return label;
}

function answered(answer, mine, right) {
  const box = make("div", "", `answer ${right === true ? "good" : right === false ? "bad" : ""}`);
  const verdict = right === true ? gettext("Right:") : right === false ? gettext("Not quite. The answer:") : gettext("Not answered. The answer:");
  const line = make("p", "", "line");
  line.append(make("b", `${right === true ? "✓" : right === false ? "✗" : "–"} ${verdict} `), marked(answer.told, "strong"));
  box.append(line, marked(answer.why));
  if (answer.measured) box.append(make("p", gettext("In this run: {measured}", { measured: answer.measured }), "dim"));
  return box;
}

/** What each agent knows: a card for each. */
function minds(list) {
  return list.map((one) => {
    const card = make("article", "", `mind ${one.role}`);
    const head = make("h3", "");
    head.append(make("span", SIGNS[one.role] || "…", "sign"), ` ${one.name} `, make("small", one.state));
    head.firstChild.setAttribute("aria-hidden", "true");
    card.append(head);
    const lines = document.createElement("ul");
    for (const line of one.lines) {
      const item = make("li", "", line.judged);
      item.append(make("span", line.text));
      if (line.truth) item.append(make("small", gettext("really: {truth}", { truth: line.truth })));
      if (line.mark) item.append(make("b", `${MARKS[line.judged]} ${line.mark}`, "mark"));
      lines.append(item);
    }
    if (one.lines.length) card.append(lines);
    if (one.not_known) card.append(make("p", one.not_known, "unknown"));
    return card;
  });
}

/** The packet to look at. */
function wire(packet) {
  const card = make("div", "", `packet ${packet.arrived ? "" : "lost"}`);
  const way = make("p", "", "way");
  way.append(make("b", packet.source), make("span", packet.arrived ? " ──▶ " : " ──✕ "), make("b", packet.destination));
  way.children[1].setAttribute("aria-label", gettext("sends to"));
  const line = make("p", "");
  line.append(make("strong", packet.name), ` · ${told(packet.at_s, 2)} · ${networks(packet)} · ${fate(packet)}`);
  card.append(way, line, marked(packet.says));
  return card;
}

function networks(packet) {
  return packet.networks.includes(",") ? gettext("networks {names}", { names: packet.networks }) : gettext("network {name}", { name: packet.networks });
}

function fate(packet) {
  return packet.arrived ? gettext("arrived") : gettext("never arrived");
}

/** The packets of a second, as rows of a table. */
function packets(list) {
  const head = document.createElement("thead"), body = document.createElement("tbody"), row = document.createElement("tr");
  for (const words of [gettext("Packet"), gettext("Sender"), gettext("Receiver"), gettext("Networks"), gettext("Fate")]) {
    const cell = make("th", words);
    cell.scope = "col";
    row.append(cell);
  }
  head.append(row);
  for (const packet of list) {
    const line = make("tr", "", packet.arrived ? "" : "lost");
    for (const words of [packet.name, packet.source, packet.destination, packet.networks, `${packet.arrived ? "✓" : "✕"} ${fate(packet)}`]) line.append(make("td", words));
    body.append(line);
  }
  return [head, body];
}

export { make, marked, minds, packets, question, told, wire };
