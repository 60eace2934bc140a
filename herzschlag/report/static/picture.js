// The drawn cluster at any instant: slider, play, from event to event, and what happened last.
//
// All data is in the page itself, put there when the report was written; times are seconds after T, the first fault.

import { createCluster } from "/static/cluster.js";
import { decimal, gettext } from "/static/gettext.js";
import { heartsAt, stateAt } from "/static/instants.js";

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const root = document.documentElement;
const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const phone = () => window.innerWidth < 640;

const pic = data.picture;
const cluster = createCluster($("stage"), pic);
const slider = $("slider");
let now = 0;

/** As the terminal writes an instant: T is the first fault. */
function told(t, decimals = 1) {
  const text = t.toFixed(decimals);
  return decimal(`T${Number(text) < 0 ? "" : "+"}${Number(text) === 0 ? Math.abs(Number(text)).toFixed(decimals) : text}`);
}
function afterFault(t) {
  const before = pic.faults.filter((f) => f.begin <= t + 1e-9);
  if (!before.length) return "";
  const last = before[before.length - 1];
  const seconds = decimal((t - last.begin).toFixed(1));
  return gettext("{seconds} s after “{fault}”: {about}", { seconds, fault: last.id, about: last.about });
}
function setTime(t, fromSlider = false) {
  now = Math.max(pic.begin, Math.min(pic.end, t));
  if (!fromSlider) slider.value = String(now);
  slider.setAttribute("aria-valuetext", gettext("{when} seconds", { when: told(now) }) + (afterFault(now) ? ", " + afterFault(now) : ""));
  const state = stateAt(pic, now);
  cluster.render(state);
  cluster.hearts(heartsAt(pic, now, state));
  $("clock").textContent = told(now);
  $("after").textContent = afterFault(now);
  tellStory();
  moveCursors();
}
let shownStory = "";
function tellStory() {
  let index = pic.story.findIndex((s) => s[0] > now + 1e-6);
  if (index < 0) index = pic.story.length;
  const last = pic.story.slice(Math.max(0, index - 4), index).reverse();
  const key = last.map((s) => s[3]).join();
  if (key === shownStory) return;
  shownStory = key;
  $("story").replaceChildren(
    ...last.map(([t, what, because, seq]) => {
      const item = document.createElement("li"), time = document.createElement("time"), link = document.createElement("a");
      time.textContent = told(t, 2);
      link.href = `#r${seq}`;
      link.textContent = what + (because ? `: ${because}` : "");
      item.append(time, link);
      return item;
    }),
  );
}
slider.addEventListener("input", () => setTime(Number(slider.value), true));
const marks = pic.story.map((s) => s[0]);
$("back").addEventListener("click", () => setTime([...marks].reverse().find((m) => m < now - 0.01) ?? pic.begin));
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
  $("play").textContent = gettext("▶ Play");
}
$("play").addEventListener("click", () => {
  if (playing) return stop();
  if (now >= pic.end) setTime(pic.begin);
  lastFrame = 0;
  playing = requestAnimationFrame(frame);
  $("play").textContent = gettext("❚❚ Pause");
});
