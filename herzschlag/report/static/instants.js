// The state of the cluster at an instant of a run, and the hearts then on their way, from the data of its picture.
//
// This module decides that alone: the report and the lesson hand it the data, and give what it returns to cluster.js.

// A heart is drawn on its way until the next one leaves, though the real one takes less than a millisecond, and a moment longer at its
// end: real heartbeats do not leave each second to the millisecond, and no still picture shall lack them.
const FLIGHT_S = 1;
const STAY_S = 0.15;

function at(steps, t) {
  let found = steps[0];
  for (const step of steps) {
    if (step[0] > t) break;
    found = step;
  }
  return found;
}
function segmentAt(pic, t) {
  return pic.segments.find((s) => s.begin <= t && t < s.end) || pic.segments[pic.segments.length - 1];
}
function stateAt(pic, t) {
  const segment = segmentAt(pic, t) || { links: {}, groups: {}, impaired: [], storage: [], gateway: "", vcenter: "", cuts: [] };
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
function heartsAt(pic, t, state) {
  if (!pic.schematic) {
    return pic.beats
      .filter((b) => b[0] <= t && t < b[0] + FLIGHT_S + STAY_S)
      .map((b) => ({ network: b[2], from: b[3], to: b[4], progress: Math.min(1, (t - b[0]) / FLIGHT_S), lost: b[1] === null }));
  }
  const since = (t - pic.begin) % 1; // heartbeats leave each whole second of the run
  const nodes = [...pic.hosts, "gateway", "vcenter"];
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

export { heartsAt, stateAt };
