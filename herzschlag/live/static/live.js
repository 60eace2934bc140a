// The live page: shows the server's news, and sends the user's actions.
//
// This module decides how news becomes picture, timeline, words and buttons. The server's state is absolute: after a lost
// connection it sends everything again, and nothing here has to be remembered. Shapes are left to cluster.js, menus to
// menu.js, actions to actions.js, the messages to docs/live.md.

import { actionsFor } from "/static/actions.js";
import { createCluster } from "/static/cluster.js";
import { openMenu } from "/static/menu.js";

const $ = (id) => document.getElementById(id);
const FLIGHT_MS = 900; // a heart's way in the picture; the packet's takes less than a millisecond
const LOST_MS = 1500;
const HEARTS_MAX = 260;
const STORY_MAX = 400;
const RETRY_MS = 1500;
const SPOKEN_MS = 1200;
const SPOKEN_MAX = 4;
const DETAILS = new Set(["path", "election", "liveness"]);
const SPOKEN = new Set(["fault", "role", "isolation", "restart", "ready", "machinery"]);
const SIGNS = {
  fault: "⚡", role: "★", isolation: "⊘", liveness: "♡", "host-state": "◉", restart: "↻", vm: "▷", mastership: "◇", ready: "✓",
  machinery: "⚠", path: "⋯", election: "◆",
};
const PHASES = { starting: "… starting", running: "● running", judged: "■ judged", failed: "✕ failed" };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let lab = null;
let state = null;
let cluster = null;
let socket = null;
let hearts = [];
let current = ""; // the thing of the picture that Tab reaches
let unspoken = [];
let lastPace = 1;

// --- the connection ------------------------------------------------------------------------------------------------------

function connect() {
  socket = new WebSocket(`ws://${location.host}/talk`);
  socket.addEventListener("message", (event) => {
    const news = JSON.parse(event.data);
    hear[news.news]?.(news);
  });
  socket.addEventListener("open", () => trouble(""));
  socket.addEventListener("close", () => {
    trouble("The connection is lost: has the command ended? This page tries again by itself; after a new start of the command open the link that it prints.");
    setTimeout(connect, RETRY_MS);
  });
}

function send(command) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
}

function trouble(words) {
  $("trouble").hidden = !words;
  $("trouble").textContent = words;
  document.body.classList.toggle("away", Boolean(words));
}

const hear = {
  lab(news) {
    if (!lab || lab.number !== news.number) hearts = [];
    lab = news;
    document.documentElement.dataset.lab = lab.number;
    $("story").replaceChildren();
    $("title").textContent = lab.title;
    document.title = `${lab.title} · Herzschlag live`;
    $("about").textContent = lab.about;
    const simulated = lab.backend === "simulation";
    $("where").textContent = simulated ? "· simulation, virtual time" : `· real packets, speed ${lab.speed}`;
    $("time").hidden = !simulated;
    cluster = createCluster($("stage"), lab, dress);
    const svg = $("stage").firstElementChild;
    svg.setAttribute("role", "group");
    fill($("choice"), lab.scenarios.map((one) => {
      const option = make("option", `${one.name}: ${one.title}`);
      option.value = one.name;
      option.selected = one.name === lab.scenario;
      return option;
    }));
    $("playing").hidden = !lab.steps.length;
  },
  state(news) {
    state = news;
    document.documentElement.dataset.phase = state.phase;
    $("phase").textContent = state.phase === "running" && state.pace === 0 ? "‖ paused" : PHASES[state.phase];
    $("phase").dataset.phase = state.phase;
    if (state.phase === "starting" && state.because) $("phase").textContent = `… starting: ${state.because}`;
    trouble(state.phase === "failed" ? `The lab has failed: ${state.because}` : "");
    if (state.picture.roles) cluster.render(state.picture);
    showActive();
    showSteps();
    showVerdict();
    showTime();
    const idle = state.phase !== "running";
    for (const id of ["healall", "judge", "next", "auto", "pause", "step1", "step10", "pace"]) $(id).disabled = idle;
    $("healall").disabled = idle || !state.active.length;
    $("next").disabled = $("auto").disabled = idle || state.steps_done >= lab.steps.length;
    $("save").classList.toggle("off", !["running", "judged"].includes(state.phase));
  },
  clock(news) {
    $("clock").textContent = `${news.now_s.toFixed(1)} s`;
  },
  story(news) {
    const lines = news.entries.map(line).reverse();
    const story = $("story");
    const away = story.scrollTop > 4 ? story.scrollHeight : 0;
    story.prepend(...lines);
    while (story.childElementCount > STORY_MAX) story.lastElementChild.remove();
    if (away) story.scrollTop += story.scrollHeight - away; // a reader further down keeps the position
    if (news.entries.length < STORY_MAX / 4) speak(news.entries);
  },
  beats(news) {
    if (!$("motion").checked) return;
    const now = performance.now();
    for (const [network, from, to, lost] of news.beats) hearts.push({ network, from, to, lost, since: now });
    if (hearts.length > HEARTS_MAX) hearts.splice(0, hearts.length - HEARTS_MAX);
  },
  refused(news) {
    $("refused").hidden = false;
    $("refused").firstElementChild.textContent = news.because;
  },
};

// --- what is shown -------------------------------------------------------------------------------------------------------

function make(tag, words = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = words;
  if (name) made.className = name;
  return made;
}

/** Exchange the children only when something is different, so that nothing that is read or focused is pulled away. */
function fill(element, children) {
  const now = children.map((child) => child.outerHTML).join("");
  if (element.dataset.shown === now) return;
  const held = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  element.replaceChildren(...children);
  element.dataset.shown = now;
  if (held === null) return;
  const again = [...element.querySelectorAll("[data-key]")].find((one) => one.dataset.key === held);
  (again || element.closest("section").querySelector("h2")).focus();
}

function line([, at, kind, words, because]) {
  const item = make("li", "", `kind-${kind}`);
  if (DETAILS.has(kind)) item.classList.add("detail");
  const sign = make("span", SIGNS[kind] || "·", "sign");
  sign.setAttribute("aria-hidden", "true");
  const told = make("div", words);
  if (because) told.append(make("small", because));
  item.append(make("time", `${at.toFixed(2)} s`), sign, told);
  return item;
}

/** Important news for screen readers, at the pace of a voice. */
function speak(entries) {
  const fresh = entries.filter(([, at, kind]) => at >= 0 && SPOKEN.has(kind));
  if (!fresh.length) return;
  if (!unspoken.length) setTimeout(say, SPOKEN_MS);
  unspoken.push(...fresh);
}

function say() {
  const more = unspoken.length - SPOKEN_MAX;
  unspoken.sort((a, b) => (b[2] === "fault") - (a[2] === "fault")); // causes before effects
  $("spoken").textContent = unspoken.slice(0, SPOKEN_MAX).map((entry) => entry[3]).join(". ") + (more > 0 ? `. And ${more} more events.` : ".");
  unspoken = [];
}

function showActive() {
  fill($("active"), state.active.length
    ? state.active.map((one) => {
        const item = make("li");
        const heal = make("button", "Heal");
        heal.type = "button";
        heal.dataset.key = one.id;
        heal.setAttribute("aria-label", `Heal ${one.about}`);
        heal.disabled = state.phase !== "running";
        item.append(make("span", "⚡", "sign"), make("span", one.about), make("span", `since ${one.at_s.toFixed(1)} s`, "dim"), heal);
        return item;
      })
    : [make("li", "Nothing is broken.", "dim")]);
}

function showSteps() {
  fill($("steps"), lab.steps.map((step, index) => {
    const done = index < state.steps_done;
    const item = make("li", step, done ? "done" : index === state.steps_done ? "coming" : "");
    item.prepend(make("span", done ? "✓ " : index === state.steps_done ? "› " : "", "sign"));
    return item;
  }));
  $("auto").setAttribute("aria-pressed", String(state.auto));
  $("auto").textContent = state.auto ? "‖ Stop playing" : "▶ Play by itself";
}

function showVerdict() {
  const there = state.phase === "judged";
  const before = $("verdict").hidden;
  $("verdict").hidden = !there;
  if (!there) return;
  const marks = { holds: "✓ holds", violated: "✕ violated", unknown: "? unknown", nothing: "– nothing to check" };
  const badge = (verdict) => make("span", marks[verdict], `badge ${verdict}`);
  fill($("worst"), [badge(state.verdict)]);
  fill($("findings"), state.findings.map((one) => {
    const item = make("li", "", `finding ${one.verdict}`);
    const head = make("div", "", "line");
    head.append(badge(one.verdict), make("b", one.checker));
    item.append(head, make("p", one.because));
    return item;
  }));
  if (before) $("verdict-head").focus();
}

function showTime() {
  const still = state.pace === 0;
  $("pause").textContent = still ? "▶ Go on" : "‖ Pause";
  if (!still) lastPace = state.pace;
  const known = [...$("pace").options].some((option) => Number(option.value) === state.pace);
  if (known) $("pace").value = String(state.pace);
}

// --- hearts --------------------------------------------------------------------------------------------------------------

function frame(now) {
  requestAnimationFrame(frame);
  if (!cluster || (!hearts.length && !frame.drawn)) return;
  hearts = hearts.filter((heart) => now - heart.since < (heart.lost ? LOST_MS : FLIGHT_MS));
  frame.drawn = hearts.length;
  cluster.hearts(hearts.map((heart) => ({ ...heart, progress: calm.matches ? 0.3 : Math.max(0, (now - heart.since) / FLIGHT_MS) })));
}

// --- the picture, by mouse and by keyboard ---------------------------------------------------------------------------------

const keyOf = (element) => `${element.dataset.act}|${element.dataset.node || ""}|${element.dataset.network || ""}`;
const things = () => [...$("stage").querySelectorAll("[data-act]")];

function dress(element) {
  if (!current) current = keyOf(element);
  element.setAttribute("role", "button");
  element.setAttribute("aria-haspopup", "menu");
  element.setAttribute("aria-label", element.querySelector("title").textContent);
  element.setAttribute("tabindex", keyOf(element) === current ? "0" : "-1");
}

function enter(element) {
  current = keyOf(element);
  for (const one of things()) one.setAttribute("tabindex", one === element ? "0" : "-1");
}

function offer(element) {
  if (state?.phase !== "running") return hear.refused({ because: state?.phase === "judged" ? "This lab is judged and has stopped: start it again." : "The lab is not ready yet." });
  $("refused").hidden = true;
  const { act, node, network } = element.dataset;
  const key = keyOf(element);
  openMenu({
    title: act === "link" ? `${node} on network ${network}` : act === "storage" ? `${node}: datastores` : act === "network" ? `network ${network}` : node,
    items: actionsFor({ act, node, network }, lab, state.active, send),
    at: (element.querySelector(".port, .box") || element).getBoundingClientRect(),
    back: () => things().find((one) => keyOf(one) === key)?.focus({ preventScroll: true }),
  });
}

$("stage").addEventListener("click", (event) => {
  const element = event.target.closest("[data-act]");
  if (!element) return;
  enter(element);
  offer(element);
});
$("stage").addEventListener("focusin", (event) => {
  const element = event.target.closest("[data-act]");
  if (element) enter(element);
});
$("stage").addEventListener("keydown", (event) => {
  const here = event.target.closest("[data-act]");
  if (!here) return;
  if (event.key === "Enter" || event.key === " ") offer(here);
  else if (event.key.startsWith("Arrow")) neighbour(here, event.key)?.focus();
  else if (event.key === "Home") things()[0].focus();
  else if (event.key === "End") things().at(-1).focus();
  else return;
  event.preventDefault();
});

/** The nearest thing in the direction of an arrow key. */
function neighbour(here, key) {
  const middle = (element) => {
    const box = (element.querySelector(".port, .tile-port, .box") || element).getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const [x, y] = middle(here);
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  let best = null, least = Infinity;
  for (const one of things()) {
    const [ox, oy] = middle(one);
    const along = (ox - x) * dx + (oy - y) * dy;
    const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
    if (one === here || along < 1) continue;
    const far = Math.round(along + 1.6 * aside);
    if (far < least) [best, least] = [one, far];
  }
  return best;
}

// --- buttons -------------------------------------------------------------------------------------------------------------

const on = (id, act) => $(id).addEventListener("click", act);
on("healall", () => send({ do: "heal" }));
on("judge", () => send({ do: "judge" }));
on("next", () => send({ do: "next" }));
on("auto", () => send({ do: "auto", on: !state.auto }));
on("open", () => send({ do: "open", scenario: $("choice").value }));
on("afresh", () => send({ do: "open" }));
on("pause", () => send({ do: "pace", factor: state.pace === 0 ? lastPace : 0 }));
on("step1", () => send({ do: "advance", seconds: 1 }));
on("step10", () => send({ do: "advance", seconds: 10 }));
$("pace").addEventListener("change", () => send({ do: "pace", factor: Number($("pace").value) }));
$("every").addEventListener("change", () => $("story").classList.toggle("every", $("every").checked));
$("refused").lastElementChild.addEventListener("click", () => ($("refused").hidden = true));
on("save", (event) => $("save").classList.contains("off") && event.preventDefault());
on("share", async () => {
  const answer = await fetch("/link", { method: "POST" });
  $("link").value = answer.ok ? (await answer.json()).link : await answer.text();
  $("linked").showModal();
  $("link").select();
});
on("copy", () => {
  $("link").select();
  navigator.clipboard?.writeText($("link").value).catch(() => {}); // the user can copy the selection by hand
});
on("unlink", () => $("linked").close());

connect();
requestAnimationFrame(frame);
