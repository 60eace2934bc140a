// The live page: shows the server's news, and sends the user's actions.
//
// This module decides how news becomes picture, timeline, words and buttons. The server's state is absolute: after a lost
// connection it sends everything again, and nothing here has to be remembered. Shapes are left to cluster.js, menus to
// menu.js, actions to actions.js, the messages to docs/live.md.

import { actionsFor } from "/static/actions.js";
import { createCluster } from "/static/cluster.js";
import { connect, send } from "/static/connection.js";
import { decimal, gettext, ngettext } from "/static/gettext.js";
import { openMenu } from "/static/menu.js";

const $ = (id) => document.getElementById(id);
const FLIGHT_MS = 900; // a heart's way in the picture; the packet's takes less than a millisecond
const LOST_MS = 1500;
const HEARTS_MAX = 260;
const STORY_MAX = 400;
const SPOKEN_MS = 1200;
const SPOKEN_MAX = 4;
const DETAILS = new Set(["path", "election", "liveness"]);
const SPOKEN = new Set(["fault", "role", "isolation", "restart", "ready", "machinery"]);
const SIGNS = {
  fault: "⚡", role: "★", isolation: "⊘", liveness: "♡", "host-state": "◉", restart: "↻", vm: "▷", mastership: "◇", ready: "✓",
  machinery: "⚠", path: "⋯", election: "◆",
};
const PHASES = { starting: gettext("… starting"), running: gettext("● running"), failed: gettext("✕ failed") };
const MARKS = {
  holds: `✓ ${gettext("holds")}`, violated: `✗ ${gettext("violated")}`, unknown: `? ${gettext("unknown")}`,
  nothing: `– ${gettext("nothing to check")}`,
};
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let lab = null;
let state = null;
let cluster = null;
let hearts = [];
let current = ""; // the thing of the picture that Tab reaches
let unspoken = [];
let lastPace = 1;
let acts = true; // false for an onlooker, of whom the server takes no request
let zero = 0; // T, the first fault, in seconds since the cluster was ready
let judging = false; // this browser asked for the verdict that comes

// --- the connection ------------------------------------------------------------------------------------------------------

function trouble(words) {
  $("trouble").hidden = !words;
  $("trouble").textContent = words;
  document.body.classList.toggle("away", Boolean(words));
}

const hear = {
  welcome(news) {
    acts = news.acts;
    document.documentElement.dataset.acts = acts ? "yes" : "no";
    $("looking").hidden = acts;
  },
  lab(news) {
    if (!lab || lab.number !== news.number) hearts = [];
    lab = news;
    document.documentElement.dataset.lab = lab.number;
    $("story").replaceChildren();
    $("title").textContent = lab.title;
    document.title = `${lab.title} · Herzschlag live`;
    $("about").textContent = lab.about;
    $("aboutbox").hidden = !lab.about;
    const simulated = lab.backend === "simulation";
    $("where").textContent = "· " + (simulated ? gettext("simulation, virtual time") : gettext("real packets, speed {speed}", { speed: lab.speed }));
    $("time").hidden = !simulated;
    cluster?.end();
    $("stage").dataset.role = "group";
    cluster = createCluster($("stage"), lab, dress);
    zero = 0;
    showBoot();
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
    if (zero !== state.zero_s) {
      zero = state.zero_s;
      for (const time of document.querySelectorAll("time[data-at]")) time.textContent = told(Number(time.dataset.at));
    }
    document.documentElement.dataset.phase = state.phase;
    $("phase").textContent = state.phase === "running" && state.pace === 0 ? gettext("‖ paused") : PHASES[state.phase];
    $("phase").dataset.phase = state.phase;
    if (state.phase === "starting" && state.because) $("phase").textContent = `${PHASES.starting}: ${state.because}`;
    trouble(state.phase === "failed" ? gettext("The lab has failed: {why}", { why: state.because }) : "");
    if (state.picture.roles) cluster.render(state.picture);
    showActive();
    showSteps();
    showVerdict();
    showTime();
    const idle = state.phase !== "running";
    for (const id of ["healall", "judge", "next", "auto", "pause", "step1", "step10", "pace"]) $(id).disabled = idle;
    $("healall").disabled = idle || !state.active.length;
    $("next").disabled = $("auto").disabled = idle || state.steps_done >= lab.steps.length;
    $("save").classList.toggle("off", idle);
  },
  clock(news) {
    $("clock").textContent = told(news.now_s, 1);
  },
  story(news) {
    const lines = news.entries.map(line).reverse();
    const story = $("story");
    const away = story.scrollTop > 4 ? story.scrollHeight : 0;
    story.prepend(...lines);
    while (story.childElementCount > STORY_MAX) story.lastElementChild.remove();
    if (away) story.scrollTop += story.scrollHeight - away; // a reader further down keeps the position
    showBoot();
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
  if (at < 0) item.classList.add("boot");
  const sign = make("span", SIGNS[kind] || "·", "sign");
  sign.setAttribute("aria-hidden", "true");
  const said = make("div", words);
  if (because) said.append(make("small", gettext("because: {why}", { why: because })));
  const time = make("time", told(at));
  time.dataset.at = at;
  item.append(time, sign, said);
  return item;
}

/** As reports and the terminal write an instant: T is the first fault, or, before one, when the cluster was ready. */
function told(at, decimals = 2) {
  const text = (at - zero).toFixed(decimals);
  return decimal(Number(text) === 0 ? `T+${(0).toFixed(decimals)}` : `T${Number(text) > 0 ? "+" : ""}${text}`);
}

/** How many lines are from before the cluster was ready: they are folded. */
function showBoot() {
  const count = $("story").querySelectorAll(".boot").length;
  $("boot").hidden = !count;
  const lines = gettext("{number} lines from before the cluster was ready", { number: count });
  $("boot").textContent = `${$("story").classList.contains("boots") ? "▾" : "▸"} ${lines}`;
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
  $("spoken").textContent = unspoken.slice(0, SPOKEN_MAX).map((entry) => entry[3]).join(". ") + (more > 0 ? gettext(". And {number} more events.", { number: more }) : ".");
  unspoken = [];
}

function showActive() {
  fill($("active"), state.active.length
    ? state.active.map((one) => {
        const item = make("li");
        const heal = make("button", gettext("Heal"), "acts");
        heal.type = "button";
        heal.dataset.key = one.id;
        heal.setAttribute("aria-label", gettext("Heal {fault}", { fault: one.about }));
        heal.disabled = state.phase !== "running";
        item.append(make("span", "⚡", "sign"), make("span", one.about), make("span", gettext("since {when}", { when: told(one.at_s, 1) }), "dim"), heal);
        return item;
      })
    : [make("li", gettext("Nothing is broken."), "dim")]);
}

function showSteps() {
  fill($("steps"), lab.steps.map((step, index) => {
    const done = index < state.steps_done;
    const item = make("li", step, done ? "done" : index === state.steps_done ? "coming" : "");
    item.prepend(make("span", done ? "✓ " : index === state.steps_done ? "› " : "", "sign"));
    return item;
  }));
  $("auto").setAttribute("aria-pressed", String(state.auto));
  $("auto").textContent = state.auto ? gettext("‖ Stop playing") : gettext("▶ Play by itself");
}

function showVerdict() {
  $("verdict").hidden = !state.verdict;
  if (!state.verdict) return;
  const badge = (verdict) => make("span", MARKS[verdict], `badge ${verdict}`);
  const card = (one) => {
    const item = make("li", "", `finding ${one.verdict}`);
    const head = make("div", "", "line");
    head.append(badge(one.verdict), make("b", one.checker));
    item.append(head, make("p", one.because));
    return item;
  };
  const fine = (one) => one.verdict === "holds" || one.verdict === "nothing";
  const holds = state.findings.filter((one) => one.verdict === "holds").length;
  const nothing = state.findings.filter((one) => one.verdict === "nothing").length;
  fill($("worst"), [badge(state.verdict), make("span", ` ${gettext("of what happened until {when}; the lab goes on.", { when: told(state.judged_s, 1) })}`)]);
  fill($("findings"), state.findings.filter((one) => !fine(one)).map(card));
  fill($("good"), state.findings.filter(fine).map(card));
  $("held").hidden = !(holds + nothing);
  const more = nothing ? gettext(", {number} had nothing to check", { number: nothing }) : "";
  $("heldcount").textContent = ngettext("{number} check holds", "{number} checks hold", holds) + more;
  if (judging) $("verdict-head").focus();
  judging = false;
}

function showTime() {
  const still = state.pace === 0;
  $("pause").textContent = still ? gettext("▶ Go on") : gettext("‖ Pause");
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
  if (!acts) return;
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
  if (!acts) return;
  if (state?.phase !== "running") return hear.refused({ because: gettext("The lab is not ready yet.") });
  $("refused").hidden = true;
  const { act, node, network } = element.dataset;
  const key = keyOf(element);
  openMenu({
    title: {
      link: gettext("{node} on network {network}", { node, network }), storage: gettext("{node}: datastores", { node }),
      network: gettext("network {network}", { network }),
    }[act] || node,
    items: actionsFor({ act, node, network }, lab, state, send),
    at: around(element),
    back: () => things().find((one) => keyOf(one) === key)?.focus({ preventScroll: true }),
  });
}

/** What the menu must not cover: the thing, and the box that it belongs to. */
function around(element) {
  const parts = [element.querySelector(".port, .tile-port, .box, .cylinder") || element];
  const { act, node } = element.dataset;
  if (act === "link" || act === "storage") parts.push(...$("stage").querySelectorAll(`[data-act=host][data-node="${node}"] .box, [data-act=node][data-node="${node}"] .box`));
  const boxes = parts.map((part) => part.getBoundingClientRect());
  const least = (side) => Math.min(...boxes.map((box) => box[side])), most = (side) => Math.max(...boxes.map((box) => box[side]));
  return { left: least("left"), right: most("right"), top: least("top"), bottom: most("bottom") };
}

function clicked(element) {
  if (!element) return;
  enter(element);
  offer(element);
}

$("stage").addEventListener("click", (event) => clicked(event.target.closest("[data-act]")));
// A browser sends no click where the thing was drawn anew between press and release.
let pressed = null;
$("stage").addEventListener("pointerdown", (event) => (pressed = event.button === 0 ? event.target.closest("[data-act]") : null));
$("stage").addEventListener("pointerup", (event) => {
  const element = event.target.closest("[data-act]");
  if (element && pressed && !pressed.isConnected && keyOf(element) === keyOf(pressed)) clicked(element);
  pressed = null;
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
on("judge", () => {
  judging = true;
  send({ do: "judge" });
});
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
  const links = answer.ok ? await answer.json() : { look: await answer.text() };
  $("acting").hidden = !links.link;
  $("link").value = links.link || "";
  $("look").value = links.look;
  $("linked").showModal();
});
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => {
    $(button.dataset.copy).select();
    navigator.clipboard?.writeText($(button.dataset.copy).value).catch(() => {}); // the user can copy the selection by hand
  });
}
on("boot", () => {
  $("boot").setAttribute("aria-expanded", String($("story").classList.toggle("boots")));
  showBoot();
});
on("unlink", () => $("linked").close());

connect(hear, trouble);
requestAnimationFrame(frame);
