// The lesson's page: shows the place that the server tells, lets time go on to the next decision, and sends what a teacher asks.
//
// This module decides how a scene runs in the browser: its questions, then its seconds in the picture, then its answers. The
// place is absolute; only the answers given (progress.js) are this browser's own. Shapes are left to cluster.js and parts.js.

import { createCluster } from "/static/cluster.js";
import { connect, send } from "/static/connection.js";
import { gettext, ngettext } from "/static/gettext.js";
import { heartsAt, stateAt } from "/static/instants.js";
import { make, marked, minds, packets, question, told, wire } from "/static/parts.js";
import * as progress from "/static/progress.js";

const $ = (id) => document.getElementById(id);
const PLAY_S = [5, 12]; // a scene's seconds are played in no less and no more real ones
const PACE = 4; // within that, so many times as fast as they are
const LANGUAGE_KEY = "herzschlag-language";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let course = null;
let place = null;
let cluster = null;
let playing = 0;
let now = 0;
let bold = false; // a second press goes on without answers

// --- the connection ------------------------------------------------------------------------------------------------------

function trouble(words) {
  $("trouble").hidden = !words;
  $("trouble").textContent = words;
}

const hear = {
  course(news) {
    course = news;
    document.documentElement.dataset.acts = course.acts ? "yes" : "no";
    $("looking").hidden = course.acts;
    showContents();
  },
  place(news) {
    const before = place;
    place = news;
    bold = false;
    cancelAnimationFrame(playing);
    playing = 0;
    trouble(place.phase === "failed" ? place.because : place.remark);
    showHead();
    const ready = place.phase === "ask" || place.phase === "told";
    $("scene").hidden = !ready;
    if (!ready) return showContents();
    const same = before?.picture?.hosts && before.chapter === place.chapter && before.scene === place.scene && before.phase === "ask";
    showPicture();
    if (place.phase === "ask") return ask();
    if (same && !calm.matches) play(place.from_s, () => tell(true));
    else tell(Boolean(same));
  },
  refused(news) {
    $("hint").textContent = news.because;
  },
};

// --- what is shown ---------------------------------------------------------------------------------------------------------

function dress() {
  const say = {
    skip: gettext("To the questions"), brand: gettext("Herzschlag: the lesson"), theme: gettext("light / dark"), share: gettext("Link for the class"),
    "seen-head": gettext("The cluster"), "minds-head": gettext("What each agent knows"), "wire-head": gettext("On the wire"),
    "second-head": gettext("All packets of this second"), "hand-head": gettext("Now break it yourself"),
    handwords: gettext("The same cluster, in your hands: end the lesson with Ctrl-C, or use another terminal."),
    looking: gettext("You watch: choose your answers here, the teacher lets time go on."),
    hearts: gettext("Each heart is a heartbeat, a packet. A broken one never arrived."),
    forget: gettext("Forget my answers"), "linked-head": gettext("Links for other browsers"),
    lookwords: gettext("For the class, as many as you like. They see everything and can answer for themselves; the server lets them move nothing:"),
    actwords: gettext("To lead the lesson from another browser; it works once:"), unlink: gettext("Close"),
  };
  for (const [id, words] of Object.entries(say)) $(id).textContent = words;
  for (const button of document.querySelectorAll("[data-copy]")) button.textContent = gettext("Copy");
  $("language").textContent = document.documentElement.lang === "de" ? "English" : "Deutsch";
  $("language").lang = document.documentElement.lang === "de" ? "en" : "de";
  $("contents").setAttribute("aria-label", gettext("Chapters"));
  $("slider").setAttribute("aria-label", gettext("Instant of the scene"));
}

function showContents() {
  if (!course) return;
  const items = course.chapters.map((one) => {
    const item = document.createElement("li"), button = document.createElement("button");
    const total = one.questions.reduce((sum, each) => sum + each, 0), { judged, right } = progress.score(one.number);
    button.type = "button";
    button.disabled = !course.acts;
    button.append(make("b", `${one.number}. ${one.title}`), make("small", judged ? gettext("{right} of {total} right", { right, total }) : one.goal));
    if (judged === total) button.classList.add("done");
    if (place?.chapter === one.number) button.setAttribute("aria-current", "page");
    button.addEventListener("click", () => send({ do: "open", chapter: one.number, scene: 1 }));
    item.append(button);
    return item;
  });
  $("chapters").replaceChildren(...items);
  const all = course.chapters.map((one) => progress.score(one.number));
  const judged = all.reduce((sum, one) => sum + one.judged, 0), right = all.reduce((sum, one) => sum + one.right, 0);
  $("score").textContent = judged ? ngettext("You answered {number} question, {right} of them rightly.", "You answered {number} questions, {right} of them rightly.", judged, { right }) : gettext("Your answers are kept in this browser.");
  $("forget").hidden = !judged;
}

function showHead() {
  document.documentElement.dataset.phase = place.phase;
  document.documentElement.dataset.at = `${place.chapter}.${place.scene}`;
  const step = gettext("Chapter {chapter}, scene {scene} of {scenes}", place);
  $("step").textContent = step;
  $("title").textContent = place.title;
  $("goal").textContent = place.phase === "preparing" ? place.because : place.goal;
  document.title = `${place.title} · Herzschlag`;
}

function showPicture() {
  cluster?.end();
  cluster = createCluster($("stage"), place.picture);
  Object.assign($("slider"), { min: place.from_s, max: place.until_s });
  $("zero").textContent = place.zero;
  setTime(place.from_s);
}

function setTime(t) {
  now = t;
  const state = stateAt(place.picture, t);
  cluster.render(state);
  cluster.hearts(heartsAt(place.picture, t, state));
  $("clock").textContent = told(t);
  $("slider").value = String(t);
  $("slider").setAttribute("aria-valuetext", told(t));
}

function showQuestions() {
  const form = $("questions");
  form.replaceChildren(...place.questions.map((one) => {
    const answer = place.phase === "told" && !playing ? place.answers.find((each) => each.id === one.id) : null;
    const right = answer ? progress.judge(answer) : null;
    return question(one, answer, progress.given(one.id), right, (value) => {
      progress.give(one.id, value);
      bold = false;
      showGo();
    });
  }));
  for (const box of form.querySelectorAll("fieldset")) box.disabled = place.phase === "told";
}

function showGo() {
  const open = place.questions.filter((one) => progress.given(one.id) === undefined).length;
  $("moving").hidden = place.phase !== "ask" && !playing;
  $("go").hidden = !course.acts;
  $("go").textContent = playing ? gettext("Skip to the answers") : gettext("Let time go on");
  if (playing) $("hint").textContent = "";
  else if (!open) $("hint").textContent = course.acts ? "" : gettext("Answered. Wait for the teacher.");
  else $("hint").textContent = bold ? gettext("Not everything is answered. Press again to go on all the same.") : ngettext("{number} answer is open", "{number} answers are open", open);
}

function ask() {
  $("asked-head").textContent = gettext("First say what will happen");
  $("before").replaceChildren(marked(place.before, "span"));
  $("told").hidden = $("again").hidden = $("hand").hidden = true;
  showQuestions();
  showGo();
  showMoment(place.moments[0]);
  showWire(false);
  showContents();
}

/** The seconds of the scene pass; then `end`. */
function play(from, end) {
  const length = Math.min(PLAY_S[1], Math.max(PLAY_S[0], (place.until_s - place.from_s) / PACE));
  const pace = (place.until_s - place.from_s) / length;
  let last = null;
  const frame = (stamp) => {
    const t = last === null ? from : now + ((stamp - last) / 1000) * pace;
    last = stamp;
    setTime(Math.min(t, place.until_s));
    showMomentAt(now);
    if (now < place.until_s) playing = requestAnimationFrame(frame);
    else stop(end);
  };
  playing = requestAnimationFrame(frame);
  $("asked-head").textContent = gettext("Time goes on …");
  $("before").replaceChildren(marked(place.before, "span"));
  document.documentElement.dataset.playing = "yes";
  $("told").hidden = false;
  $("again").hidden = true;
  $("hand").hidden = true;
  $("told-head").textContent = gettext("What happens");
  $("next").hidden = true;
  showQuestions();
  showGo();
  play.end = end;
}

function stop(end) {
  cancelAnimationFrame(playing);
  playing = 0;
  delete document.documentElement.dataset.playing;
  end();
}

/** The answers, with everything that happened. */
function tell(moved) {
  delete document.documentElement.dataset.playing;
  $("asked-head").textContent = gettext("The answers");
  $("before").replaceChildren();
  $("told").hidden = $("again").hidden = false;
  $("told-head").textContent = gettext("What happened");
  setTime(place.until_s);
  showQuestions();
  showGo();
  $("moments").replaceChildren(...place.moments.filter((one) => one.says).map(momentLine));
  showMoment(place.moments.at(-1));
  showWire(true);
  $("play").textContent = gettext("▶ Watch again");
  const last = place.scene === place.scenes, end = last && place.chapter === course.chapters.length;
  $("next").hidden = !course.acts || end;
  $("next").textContent = last ? gettext("To the next chapter") : gettext("To the next scene");
  $("hand").hidden = !last;
  $("command").textContent = place.command;
  showContents();
  if (!moved) return;
  $("asked-head").focus({ preventScroll: true });
  const rights = place.answers.filter((one) => progress.judge(one)).length;
  $("spoken").textContent = gettext("{rights} of {all} answers are right.", { rights, all: place.answers.length });
}

function momentLine(moment) {
  const item = document.createElement("li"), button = make("button", "", "moment");
  button.type = "button";
  button.append(make("time", told(moment.at_s)), marked(moment.says, "span"));
  button.title = gettext("Show this instant");
  button.addEventListener("click", () => {
    setTime(Math.min(moment.at_s + 0.3, place.until_s));
    showMoment(moment);
    for (const one of $("moments").querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
  });
  item.append(button);
  return item;
}

/** What has happened so far, while time passes or the slider is moved. */
function showMomentAt(t) {
  const come = place.moments.filter((one) => one.at_s <= t + 0.001);
  const lines = come.filter((one) => one.says);
  if (playing && $("moments").dataset.shown !== `${place.chapter}.${place.scene}.${lines.length}`) {
    $("moments").dataset.shown = `${place.chapter}.${place.scene}.${lines.length}`;
    $("moments").replaceChildren(...lines.map(momentLine));
  }
  showMoment(come.at(-1) || null);
}

let shownMoment = null;
function showMoment(moment) {
  if (!moment || shownMoment === moment) return;
  shownMoment = moment;
  $("minds").replaceChildren(...minds(moment.minds));
  $("packets").replaceChildren(...packets(moment.packets));
  $("second").hidden = !moment.packets.length;
}

function showWire(known) {
  $("wire").replaceChildren(...(known ? place.wire.map(wire) : [make("p", gettext("The packet to look at comes with the answers."), "dim")]));
}

// --- buttons ---------------------------------------------------------------------------------------------------------------

const on = (id, act) => $(id).addEventListener("click", act);
on("go", () => {
  if (playing) return stop(play.end);
  const open = place.questions.some((one) => progress.given(one.id) === undefined);
  if (open && !bold) {
    bold = true;
    showGo();
    return $("questions").querySelector("fieldset:not(:has(:checked)) input")?.focus();
  }
  send({ do: "go", chapter: place.chapter, scene: place.scene });
});
on("next", () => send(place.scene < place.scenes
  ? { do: "open", chapter: place.chapter, scene: place.scene + 1 }
  : { do: "open", chapter: place.chapter + 1, scene: 1 }));
on("play", () => play(place.from_s, () => tell(false)));
$("slider").addEventListener("input", () => {
  setTime(Number($("slider").value));
  showMomentAt(now);
});
$("questions").addEventListener("submit", (event) => event.preventDefault());
on("forget", () => {
  progress.forget();
  showContents();
  if (place?.phase === "ask") ask();
});
on("language", () => speakIn(document.documentElement.lang === "de" ? "en" : "de"));
on("share", async () => {
  const answer = await fetch("/link", { method: "POST" });
  const links = answer.ok ? await answer.json() : { look: await answer.text() };
  $("acting").hidden = !links.link;
  $("link").value = links.link || "";
  $("look").value = links.look;
  $("linked").showModal();
});
on("unlink", () => $("linked").close());
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => {
    $(button.dataset.copy).select();
    navigator.clipboard?.writeText($(button.dataset.copy).value).catch(() => {}); // the user can copy the selection by hand
  });
}

/** The page in another language, now and whenever this browser opens a lesson at this address. */
function speakIn(language) {
  localStorage.setItem(LANGUAGE_KEY, language);
  location.replace(`/?lang=${language}`);
}

dress();
const wanted = localStorage.getItem(LANGUAGE_KEY);
if (wanted && wanted !== document.documentElement.lang && !location.search) speakIn(wanted);
else connect(hear, trouble);
