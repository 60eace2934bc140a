// The drawn cluster at any instant: slider, play, from event to event, and what happened last.
//
// All data is in the page itself, put there when the report was written; times are seconds after T, the first fault.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const root = document.documentElement;
const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const phone = () => window.innerWidth < 640;
const FLIGHT_S = 0.7; // of protocol time that a heart is drawn on its way; the real one takes less than a millisecond

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
  const since = (t - pic.begin) % 1; // heartbeats leave each whole second of the run
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
  const state = stateAt(now);
  cluster.render(state);
  cluster.hearts(heartsAt(now, state));
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
