// The cluster as a picture: hosts, networks, gateway, vCenter, datastores, VMs, hearts on their way.
//
// This module decides layout and shapes; every state is shown by shape and text as well as by colour. It knows nothing of
// runs or sockets: the report hands it the state of an instant, the live page the present state.
//
//   const picture = createCluster(element, { networks, hosts, datastores, plans }, dress);
//   picture.render(state)   state: { roles, notes, vms, links, groups, impaired, storage, gateway, vcenter }
//   picture.hearts(list)    list:  [{ network, from, to, progress, lost }], progress 0 to 1
//
// Hosts, links, networks, datastores, gateway and vCenter carry data-act, data-node, data-network: the live page listens
// for clicks there. It hands in `dress`, which is called with each such element when it is made. The picture is made of
// pieces, each with at most one such element; only pieces that change are made anew, and a focused one keeps the focus.
// Places and sizes are handed in with the topology, made by report/plans.py: one plan for a wide picture, and one for a
// narrow one, as on a phone, which is laid out anew.

import { gettext, ngettext } from "/static/gettext.js";

const NARROW_PX = 560;
const ROLE_SIGNS = {
  master: gettext("★ master"), slave: gettext("● slave"), election: gettext("◆ election"), isolated: gettext("⊘ isolated"),
  off: gettext("✕ no power"), frozen: gettext("‖ frozen"), "agent-down": gettext("▽ agent dead"),
  uninitialized: gettext("… starting"),
};
const LINK_WORDS = {
  cut: gettext("cut"), down: gettext("port down"), out: gettext("no way out"), in: gettext("no way in"),
  part: gettext("cut to some"), off: gettext("no power"), ok: gettext("carries"),
};
const TROUBLES = { off: gettext("off"), down: gettext("down"), silent: gettext("silent") };
const VM_WORDS = { on: gettext("runs"), starting: gettext("starting"), stopping: gettext("stopping") };
const STATE_WORDS = {
  hostDown: gettext("failed"), networkIsolated: gettext("isolated"), networkPartitionedFromMaster: gettext("partitioned"),
  fdmUnreachable: gettext("agent unreachable"), election: gettext("in election"), uninitialized: gettext("not in the cluster"),
};
const HEART = "M0-2.2C-2.6-7.6-9-5.6-8.4-.4-7.9 4-2.6 6.6 0 9.4 2.6 6.6 7.9 4 8.4-.4 9-5.6 2.6-7.6 0-2.2Z";
const HEART_PARTS = `<path class="heart" d="${HEART}"/><path class="crack whole" d="M0-2.2l-2.6 3 4.4 1.6-2.2 6.6"/>`;
const SVG = "http://www.w3.org/2000/svg";

function createCluster(element, topo, dress = () => {}) {
  let plan, svg, still, hearts, shown, flying, last = null, narrow = null;
  const build = () => {
    narrow = element.clientWidth > 0 && element.clientWidth < NARROW_PX;
    plan = narrow ? topo.plans.narrow : topo.plans.wide;
    element.innerHTML =
      `<svg class="cluster" viewBox="0 0 ${plan.width} ${plan.height}" role="img" aria-labelledby="cluster-words">` +
      `<title id="cluster-words"></title><g data-part="still"></g><g data-part="hearts" aria-hidden="true"></g></svg>`;
    svg = element.firstElementChild;
    if (element.dataset.role) svg.setAttribute("role", element.dataset.role);
    still = svg.querySelector("[data-part=still]");
    hearts = svg.querySelector("[data-part=hearts]");
    shown = [];
    flying = [];
  };
  const picture = {
    render(state) {
      last = state;
      const pieces = (plan.full ? drawFull : drawGrid)(plan, topo, state).filter(Boolean);
      while (shown.length > pieces.length) {
        shown.pop();
        still.lastElementChild.remove();
      }
      let changed = false;
      pieces.forEach((drawn, index) => {
        if (shown[index] === drawn) return;
        if (index === shown.length) still.append(document.createElementNS(SVG, "g"));
        const piece = still.children[index];
        const held = piece.contains(document.activeElement);
        piece.innerHTML = drawn;
        const act = piece.querySelector("[data-act]");
        if (act) dress(act);
        if (held && act) act.focus({ preventScroll: true });
        shown[index] = drawn;
        changed = true;
      });
      if (changed) svg.firstElementChild.textContent = inWords(topo, state);
    },
    hearts(list) {
      const drawn = list.map((heart) => placeHeart(plan, topo, heart)).filter(Boolean);
      while (flying.length < drawn.length) {
        const heart = document.createElementNS(SVG, "g");
        heart.innerHTML = HEART_PARTS;
        hearts.append(heart);
        flying.push({ heart, lost: false });
      }
      while (flying.length > drawn.length) flying.pop().heart.remove();
      drawn.forEach(({ transform, lost }, index) => {
        const { heart } = flying[index];
        heart.setAttribute("transform", transform);
        if (flying[index].lost !== lost) heart.firstElementChild.setAttribute("class", lost ? "heart lost" : "heart");
        if (flying[index].lost !== lost) heart.lastElementChild.setAttribute("class", lost ? "crack" : "crack whole");
        flying[index].lost = lost;
      });
    },
    /** Stop to watch the width: another picture takes this place. */
    end: () => width.disconnect(),
  };
  const width = new ResizeObserver(() => {
    if (element.clientWidth === 0 || narrow === element.clientWidth < NARROW_PX) return;
    build();
    if (last) picture.render(last);
  });
  build();
  width.observe(element);
  return picture;
}

function text(value) {
  return String(value).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
}

/** The whole picture in sentences, for screen readers. */
function inWords(topo, state) {
  const words = topo.hosts.map((host) => {
    const vms = state.vms.filter((vm) => vm.host === host).map((vm) => vm.name);
    const broken = topo.networks
      .filter((net) => linkState(state, net, host) !== "ok")
      .map((net) => {
        const group = state.groups?.[`${net}|${host}`];
        const how = gettext("network {network} {state}", { network: net, state: LINK_WORDS[linkState(state, net, host)] });
        return how + (group ? ` (${gettext("group {group}", { group })})` : "");
      });
    const role = ROLE_SIGNS[state.roles[host]] || state.roles[host];
    const names = vms.join(", ") || gettext("none");
    return `${host} ${role.slice(2)}${broken.length ? ", " + broken.join(", ") : ""}, ${gettext("VMs: {names}", { names })}`;
  });
  if (state.gateway) words.push(gettext("gateway {state}", { state: troubleWord(state.gateway) }));
  if (state.vcenter) words.push(gettext("vCenter {state}", { state: troubleWord(state.vcenter) }));
  return gettext("The cluster. {what}.", { what: words.join(". ") });
}

function troubleWord(trouble) {
  return TROUBLES[trouble] || trouble;
}

function linkState(state, network, node) {
  if (state.roles[node] === "off") return "off";
  if (node === "vcenter" && state.vcenter === "off") return "off";
  return state.links[`${network}|${node}`] || "ok";
}

// --- few hosts: everything drawn -----------------------------------------------------------------------------------

function linkX(plan, topo, node, network) {
  const side = topo.networks.length === 1 ? 0 : network === topo.networks[0] ? -1 : 1;
  return plan.places[node].x + side * plan.linkApart;
}

function drawFull(plan, topo, state) {
  const out = [];
  for (const net of topo.networks) {
    const y = plan.bars[net];
    const title = gettext("Network {network}", { network: net }), name = gettext("network {network}", { network: net });
    out.push(
      `<g data-act="network" data-network="${net}"><title>${title}</title><rect class="bar-${net}" x="14" y="${y}" width="${plan.width - 28}" height="24" rx="12"/>` +
      `<text class="bartext" x="${plan.networkX}" y="${y + 17}" text-anchor="middle">${name}</text></g>`);
  }
  out.push(drawEdgeNode(plan, "vcenter", "vCenter", state.vcenter));
  out.push(drawEdgeNode(plan, "gateway", gettext("gateway"), state.gateway, gettext("isolation address")));
  out.push(...drawStorage(plan, topo, state));
  for (const host of topo.hosts) out.push(drawHost(plan, host, state));
  for (const node of ["vcenter", "gateway", ...topo.hosts]) {
    for (const net of topo.networks) out.push(drawLink(plan, topo, state, node, net));
  }
  return out;
}

const NARROW_LETTERS = 6; // beside a link of the narrow plan

function drawLink(plan, topo, state, node, net) {
  const place = plan.places[node];
  const x = linkX(plan, topo, node, net);
  const barEdge = plan.bars[net] + (place.up ? 0 : 24);
  const nodeEdge = place.y;
  const how = linkState(state, net, node);
  const impaired = state.impaired.includes(`${net}|${node}`) ? " impaired" : "";
  const group = state.groups?.[`${net}|${node}`];
  const title = gettext("{node} on network {network}: {state}", { node, network: net, state: LINK_WORDS[how] });
  const low = Math.min(barEdge, nodeEdge), high = Math.max(barEdge, nodeEdge);
  const middle = place.up ? 88 : plan.hostTop - 26;
  let mark = "";
  const cross = how === "off" ? "" : `<circle class="crossground" cx="${x}" cy="${middle}" r="12"/><path class="cross" d="M${x - 6} ${middle - 6}l12 12m0-12l-12 12"/>`;
  const says = (words) => {
    if (plan.narrow && words.length > NARROW_LETTERS) return ""; // it would lie on its neighbour's; the sign and the title say it too
    const left = net === topo.networks[0];
    return `<text class="tiny strong" x="${x + (left ? -18 : 18)}" y="${middle + 4}" text-anchor="${left ? "end" : "start"}">${words}</text>`;
  };
  if (how === "cut") mark = cross + says(gettext("cut"));
  else if (how === "down") mark = cross + says(gettext("down"));
  else if (how === "out" || how === "in") {
    const up = (how === "out") !== place.up;
    mark = cross + says(LINK_WORDS[how]) +
      `<path class="cross" d="M${x} ${middle + (up ? -16 : 16)}l-5 ${up ? 6 : -6}m5 ${up ? -6 : 6}l5 ${up ? 6 : -6}"/>`;
  } else if (how === "part") {
    mark = `<circle class="crossground" cx="${x}" cy="${middle}" r="11"/><path class="cross" d="M${x - 6} ${middle + 6}l12-12"/>` + says(group ? gettext("group {group}", { group }) : gettext("partly"));
  } else if (impaired) mark = says(gettext("lossy"));
  return (
    `<g data-act="link" data-node="${node}" data-network="${net}"><title>${title}` +
    `${impaired ? gettext(", impaired") : ""}</title><path class="hit" d="M${x} ${low}V${high}"/><path class="halo" d="M${x} ${low + 1}V${high}"/>` +
    `<path class="link link-${net} ${how}${impaired}" d="M${x} ${low}V${high}"/>` +
    `<circle class="bar-${net} port ${how}" cx="${x}" cy="${nodeEdge}" r="9"/>` +
    `<text class="porttext" x="${x}" y="${nodeEdge + 4}" text-anchor="middle">${net}</text>${mark}</g>`);
}

function drawEdgeNode(plan, node, name, trouble, about = "") {
  const { x, y } = plan.places[node];
  const off = trouble === "off" || trouble === "down";
  const says = trouble ? `✕ ${trouble === "silent" ? gettext("answers no ping") : troubleWord(trouble)}` : about;
  return (
    `<g data-act="node" data-node="${node}"><title>${name}${trouble ? ": " + troubleWord(trouble) : ""}</title>` +
    `<rect class="box ${off ? "off" : ""}" x="${x - 85}" y="${y - 54}" width="170" height="54" rx="9"/>` +
    `<text class="strong" x="${x}" y="${y - (says ? 34 : 27)}" text-anchor="middle">${name}</text>` +
    `<text class="tiny ${trouble ? "strong" : "dimtext"}" x="${x}" y="${y - 18}" text-anchor="middle">${says}</text>` +
    "</g>");
}

function drawHost(plan, host, state) {
  const place = plan.places[host];
  const role = state.roles[host];
  const left = place.x - plan.hostWidth / 2, top = plan.hostTop, width = plan.hostWidth;
  const sign = ROLE_SIGNS[role] || text(role);
  const chipWidth = sign.length * 7.4 + 14;
  const chipX = plan.narrow ? left + 10 : left + width - chipWidth - 10, chipY = plan.narrow ? top + 48 : top + 23;
  const out = [
    `<g data-act="host" data-node="${host}" aria-label="${host}"><title>${host}: ${sign.slice(2)}</title>`,
    `<rect class="box ${role}" x="${left}" y="${top + 9}" width="${width}" height="${plan.hostHeight}" rx="12"/>`,
    `<text class="strong name" x="${left + 14}" y="${top + 40}">${host}</text>`,
    `<rect class="chip ${role}" x="${chipX}" y="${chipY}" width="${chipWidth}" height="25" rx="12.5"/>`,
    `<text class="small strong chiptext ${role}" x="${chipX + chipWidth / 2}" y="${chipY + 17}" text-anchor="middle">${sign}</text>`,
  ];
  const mine = state.vms.filter((vm) => vm.host === host);
  const columns = plan.columns;
  const most = columns * plan.rows;
  const vmWidth = (width - 20 - (columns - 1) * 8) / columns;
  mine.slice(0, mine.length > most ? most - 1 : most).forEach((vm, index) => {
    const x = left + 10 + (index % columns) * (vmWidth + 8), y = top + plan.vmTop + Math.floor(index / columns) * 31;
    out.push(drawVm(vm, x, y, vmWidth));
  });
  if (mine.length > most) {
    const index = most - 1;
    const x = left + 10 + (index % columns) * (vmWidth + 8), y = top + plan.vmTop + Math.floor(index / columns) * 31;
    const more = gettext("and {number} more VMs", { number: mine.length - most + 1 });
    out.push(`<text class="small dimtext" x="${x + 8}" y="${y + 18}">${more}</text>`);
  }
  if (mine.length === 0) {
    const none = plan.narrow ? gettext("no VM") : gettext("no VM runs here");
    out.push(`<text class="small dimtext" x="${place.x}" y="${top + plan.vmTop + 20}" text-anchor="middle">${none}</text>`);
  }
  const note = (state.notes[host] || [])[0];
  if (note) {
    const said = { host: note.by, state: STATE_WORDS[note.state] || note.state };
    const words = plan.narrow ? `${said.host}: ${said.state}` : gettext("{host} says: {state}", said);
    out.push(`<text class="tiny" x="${place.x}" y="${top + plan.hostHeight + 1}" text-anchor="middle">${text(words)}</text>`);
  }
  out.push("</g>");
  return out.join("");
}

function drawVm(vm, x, y, width) {
  const icons = {
    on: `M${x + 9} ${y + 8}l9 5.5-9 5.5z`, starting: `M${x + 8} ${y + 12}h3v3h-3zm5 0h3v3h-3zm5 0h3v3h-3z`,
    stopping: `M${x + 9} ${y + 9}h9v9h-9z`,
  };
  const most = Math.floor((width - 28) / 7);
  const name = vm.name.length > most ? vm.name.slice(0, most - 1) + "…" : vm.name;
  const state = VM_WORDS[vm.state] || vm.state;
  const says = vm.state === "on" ? "" : ` ${state}`;
  return (
    `<g><title>${text(vm.name)} ${state}</title>` +
    `<rect class="vm ${vm.state}" x="${x}" y="${y}" width="${width}" height="27" rx="6"/>` +
    `<path class="vmicon" d="${icons[vm.state] || icons.on}"/>` +
    `<text class="small" x="${x + 25}" y="${y + 18}">${text(name)}${width > 130 ? says : ""}</text></g>`);
}

function drawStorage(plan, topo, state) {
  const out = [];
  const bottom = plan.hostTop + 9 + plan.hostHeight;
  const xs = topo.hosts.map((host) => plan.places[host].x);
  const count = topo.datastores.length;
  if (!count) return [];
  const stepX = Math.min(190, (plan.width - 80) / count);
  const first = plan.width / 2 - (stepX * (count - 1)) / 2;
  const low = Math.min(...xs, first), high = Math.max(...xs, first + stepX * (count - 1));
  out.push(`<path class="rail" d="M${low} ${plan.railY}H${high}"/>`);
  for (const host of topo.hosts) {
    const x = plan.places[host].x;
    const lost = state.storage.filter(([who]) => who === host);
    const middle = (bottom + plan.railY) / 2;
    const names = lost.map((l) => `${l[1]} (${l[2]})`).join(", ");
    const reach = lost.length ? gettext("has lost {names}", { names }) : gettext("reaches its datastores");
    out.push(
      `<g data-act="storage" data-node="${host}"><title>${host}: ${reach}</title>` +
      `<rect class="room" x="${x - 14}" y="${bottom + 2}" width="28" height="${plan.railY - bottom - 4}"/>` +
      `<path class="storage ${lost.length ? "lost" : ""}" d="M${x} ${bottom}V${plan.railY}"/>` +
      (lost.length
        ? `<circle class="crossground" cx="${x}" cy="${middle}" r="10"/><path class="cross" d="M${x - 5} ${middle - 5}l10 10m0-10l-10 10"/>` +
          `<text class="tiny strong" x="${x + 16}" y="${middle + 4}">${text(lost.map((l) => l[1]).join(", "))}</text>`
        : "") + "</g>");
  }
  topo.datastores.forEach((store, index) => {
    const x = first + stepX * index, y = plan.railY + 22;
    const title = gettext("datastore {name}, {kind}", { name: text(store.name), kind: store.kind });
    out.push(
      `<g data-act="datastore" data-node="${store.name}"><title>${title}</title>` +
      `<path class="storage" d="M${x} ${plan.railY}V${y}"/>` +
      `<path class="cylinder" d="M${x - 52} ${y + 9}v46c0 6 23 11 52 11s52-5 52-11v-46"/>` +
      `<ellipse class="cylinder" cx="${x}" cy="${y + 9}" rx="52" ry="11"/>` +
      `<text class="small strong" x="${x}" y="${y + 40}" text-anchor="middle">${text(store.name)}</text>` +
      `<text class="tiny dimtext" x="${x}" y="${y + 55}" text-anchor="middle">${store.kind}</text></g>`);
  });
  return out;
}

// --- more hosts: a tile each ---------------------------------------------------------------------------------------

function drawGrid(plan, topo, state) {
  const edge = (x, node, name, trouble) =>
    `<g data-act="node" data-node="${node}"><title>${name}${trouble ? ": " + troubleWord(trouble) : ""}</title><rect class="box ${trouble === "off" || trouble === "down" ? "off" : ""}" x="${x}" y="14" width="190" height="40" rx="9"/>` +
    `<text class="strong" x="${x + 95}" y="39" text-anchor="middle">${name}${trouble ? " ✕ " + troubleWord(trouble) : ""}</text></g>`;
  const out = [edge(20, "vcenter", "vCenter", state.vcenter), edge(220, "gateway", gettext("gateway"), state.gateway)];
  const lost = new Set(state.storage.map(([host]) => host));
  const stores = gettext("datastores: {names}", { names: text(topo.datastores.map((d) => d.name).join(", ")) });
  out.push(`<text class="small dimtext" x="${plan.narrow ? 20 : 430}" y="${plan.narrow ? 116 : 39}">${stores}</text>`);
  topo.networks.forEach((net, index) => {
    const x = plan.narrow ? 20 + 224 * index : plan.width - 30 - 124 * (topo.networks.length - index), y = plan.narrow ? 68 : 22;
    const title = gettext("Network {network}", { network: net }), name = gettext("network {network}", { network: net });
    out.push(
      `<g data-act="network" data-network="${net}"><title>${title}</title><rect class="bar-${net}" x="${x}" y="${y}" width="116" height="24" rx="12"/>` +
      `<text class="bartext" x="${x + 58}" y="${y + 17}" text-anchor="middle">${name}</text></g>`);
  });
  const short = { ...ROLE_SIGNS, election: gettext("◆ elects"), off: gettext("✕ off"), uninitialized: gettext("… starts") };
  for (const host of topo.hosts) {
    const { x, y } = plan.places[host];
    const role = state.roles[host];
    const vms = state.vms.filter((vm) => vm.host === host).length;
    const counted = ngettext("{number} VM", "{number} VMs", vms);
    out.push(
      `<g data-act="host" data-node="${host}"><title>${host}: ${(ROLE_SIGNS[role] || `  ${text(role)}`).slice(2)}, ${counted}</title>` +
      `<rect class="box ${role}" x="${x}" y="${y}" width="${plan.tileWidth}" height="${plan.tileHeight}" rx="8"/>` +
      `<text class="small strong" x="${x + 8}" y="${y + 19}">${host}</text>` +
      `<text class="tiny" x="${x + 8}" y="${y + 36}">${short[role] || text(role)}</text>` +
      `<text class="tiny dimtext" x="${x + 8}" y="${y + 66}">▶ ${counted}${lost.has(host) ? ` ✕ ${gettext("storage")}` : ""}</text></g>`);
    topo.networks.forEach((net, index) => {
      const px = x + plan.tileWidth - 12 - (topo.networks.length - 1 - index) * 22;
      const how = linkState(state, net, host);
      const bad = how !== "ok" && how !== "off";
      const title = gettext("{node} on network {network}: {state}", { node: host, network: net, state: LINK_WORDS[how] });
      out.push(
        `<g data-act="link" data-node="${host}" data-network="${net}"><title>${title}</title>` +
        `<circle class="tile-port bar-${net} ${how}" cx="${px}" cy="${y + 50}" r="9"/>` +
        (bad ? `<path class="cross thin" d="M${px - 4} ${y + 46}l8 8${how === "part" ? "" : "m0-8l-8 8"}"/>`
             : `<text class="porttext" x="${px}" y="${y + 54}" text-anchor="middle">${net}</text>`) + "</g>");
    });
  }
  return out;
}

// --- hearts --------------------------------------------------------------------------------------------------------

/** Where a heart is: along its way, a lost one no farther than shortly before the switch. */
function placeHeart(plan, topo, heart) {
  const from = plan.places[heart.from], to = plan.places[heart.to];
  if (!from || !to) return null;
  if (!plan.bars) return beatingTile(plan, from, heart);
  const y = plan.bars[heart.network] + 12;
  const x1 = linkX(plan, topo, heart.from, heart.network) - 4, x2 = linkX(plan, topo, heart.to, heart.network) + 4;
  const legs = [Math.abs(from.y - y), Math.abs(x2 - x1), Math.abs(to.y - y)];
  const total = legs[0] + legs[1] + legs[2];
  const stop = heart.lost ? Math.min(heart.progress, (legs[0] * 0.62) / total) : heart.progress;
  let way = stop * total, x = x1, cy = from.y;
  if (way <= legs[0]) cy = from.y + Math.sign(y - from.y) * way;
  else if (way <= legs[0] + legs[1]) { cy = y; x = x1 + Math.sign(x2 - x1) * (way - legs[0]); }
  else { x = x2; cy = y + Math.sign(to.y - y) * (way - legs[0] - legs[1]); }
  return { transform: `translate(${x.toFixed(1)} ${cy.toFixed(1)}) scale(${heart.lost ? 1.15 : 1})`, lost: Boolean(heart.lost) };
}

/** Among many hosts a heart beats on the tile of its sender. */
function beatingTile(plan, from, heart) {
  if (heart.progress > 0.5) return null;
  const beat = heart.lost ? 0.95 : 0.7 + 0.4 * Math.sin(Math.PI * 2 * heart.progress);
  return { transform: `translate(${from.x + plan.tileWidth - 16} ${from.y + 15}) scale(${beat.toFixed(2)})`, lost: Boolean(heart.lost) };
}

export { createCluster };
