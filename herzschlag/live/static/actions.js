// Actions for each thing of the picture: faults in the words of scenario files, and the healing of those in force.
//
// This module decides which actions are offered and their labels; it knows neither the page nor the socket.
//
//   actionsFor({ act, node, network }, lab, state, send)   the items of its menu; one with `off` cannot be chosen now, for that reason

import { gettext } from "/static/gettext.js";

const ACCESS = [
  ["apd", gettext("all paths down: input and output hang")],
  ["pdl", gettext("permanently lost: input and output fail")],
  ["read-only", gettext("read-only: writes fail")],
  ["slow", gettext("slow: each operation takes two seconds"), { delay_ms: 2000 }],
  ["stale", gettext("stale: reads give what is there now, whatever is written later")],
];

function actionsFor(target, lab, state, send) {
  const { active } = state;
  const begin = (fault) => () => send({ do: "begin", fault });
  const healing = active
    .filter((one) => concerns(one.fault, target, lab))
    .map((one) => ({ label: healWord(one.fault), hint: one.about, heals: true, run: () => send({ do: "heal", ids: [one.id] }) }));
  const offers = { link, host, storage, datastore, network, node }[target.act];
  return [...healing, ...(offers ? offers(target, lab, state, begin) : [])];
}

function link({ node, network }, lab, state, begin) {
  const others = [...lab.hosts, "gateway", "vcenter"].filter((other) => other !== node);
  const at = { host: node, networks: network };
  return [
    { label: gettext("Cut silently"), hint: gettext("the switch drops all packets, the carrier stays"), run: begin({ fault: "isolate", ...at }) },
    { label: gettext("Take the carrier away"), hint: gettext("the switch's port goes down"), run: begin({ fault: "isolate", manner: "port-down", ...at }) },
    { label: gettext("No way out"), hint: gettext("packets of {node} are dropped", { node }), run: begin({ fault: "one-way", src: node, dst: "all", networks: network }) },
    { label: gettext("No way in"), hint: gettext("packets to {node} are dropped", { node }), run: begin({ fault: "one-way", src: "all", dst: node, networks: network }) },
    {
      label: gettext("Cut towards one node"),
      items: others.map((other) => ({ label: other, run: begin({ fault: "cut-pair", a: node, b: other, networks: network }) })),
    },
    { label: gettext("Lose every third packet"), hint: gettext("both directions stay open"), run: begin({ fault: "impair", src: node, networks: network, loss: 0.33 }) },
  ];
}

function host({ node }, lab, state, begin) {
  const dark = state.picture.roles[node] === "off" ? gettext("{node} has no power", { node }) : "";
  const off = { fault: "power-off", host: node };
  return [
    { label: gettext("Power off"), hint: gettext("everything on it dies at once"), run: begin(off), off: dark && gettext("it has no power already") },
    { label: gettext("Freeze"), off: dark, hint: gettext("it stops, and later goes on as if nothing had happened"), run: begin({ fault: "freeze", host: node }) },
    { label: gettext("Isolate"), hint: gettext("cut off from everyone on all networks"), run: begin({ fault: "isolate", host: node }) },
    { label: gettext("Take a datastore away"), items: stores(node, lab, begin) },
    { label: gettext("Kill the agent"), off: dark, hint: gettext("the watchdog starts it again"), run: begin({ fault: "crash-agent", host: node }) },
    { label: gettext("Kill the agent for good"), off: dark, hint: gettext("without watchdog"), run: begin({ fault: "crash-agent", host: node, watchdog: false }) },
    { label: gettext("Maintenance mode"), hint: gettext("by vCenter"), run: begin({ fault: "maintenance", host: node }) },
  ];
}

function storage({ node }, lab, state, begin) {
  return stores(node, lab, begin);
}

function stores(node, lab, begin) {
  const seen = lab.datastores.filter((store) => !store.hosts || store.hosts.includes(node)).map((store) => store.name);
  const names = seen.length > 1 ? [...seen, "all"] : seen;
  return names.flatMap((name) =>
    ACCESS.map(([access, hint, more]) => ({
      label: `${name === "all" ? gettext("All datastores") : name}: ${access}`, hint, run: begin({ fault: "storage", host: node, datastore: name, access, ...more }),
    })));
}

function datastore({ node }, lab, state, begin) {
  return ACCESS.map(([access, hint, more]) => ({
    label: gettext("Take it from every host: {access}", { access }), hint, run: begin({ fault: "storage", host: "all", datastore: node, access, ...more }),
  }));
}

function network({ network: name }, lab, state, begin) {
  return [
    { label: gettext("Carries nothing"), hint: gettext("the switch drops everything, carriers stay"), run: begin({ fault: "network-down", networks: name }) },
    { label: gettext("Switch off"), hint: gettext("every port goes down"), run: begin({ fault: "network-down", networks: name, manner: "port-down" }) },
  ];
}

function node({ node: name }, lab, state, begin) {
  const dark = state.picture.gateway === "off" ? gettext("it has no power") : "";
  if (name === "vcenter") return [{ label: gettext("Crash vCenter"), hint: gettext("its process is killed"), run: begin({ fault: "crash-vcenter" }) }];
  return [
    { label: gettext("Silence it"), off: dark, hint: gettext("it runs and answers no ping"), run: begin({ fault: "gateway-silent" }) },
    { label: gettext("Power off"), off: dark && gettext("it has no power already"), run: begin({ fault: "gateway-down" }) },
  ];
}

// --- what heals ----------------------------------------------------------------------------------------------------------

const HEALING = {
  "power-off": gettext("Power on"), freeze: gettext("Thaw"), storage: gettext("Give the datastore back"),
  "gateway-silent": gettext("Let it answer"), "gateway-down": gettext("Power on"), "crash-vcenter": gettext("Start vCenter"),
  "crash-agent": gettext("Start the agent"), maintenance: gettext("Out of maintenance"), "network-down": gettext("Repair the network"),
};

function healWord(fault) {
  if (fault.fault === "isolate" && fault.manner && fault.manner !== "silent") return gettext("Plug in again");
  return HEALING[fault.fault] || gettext("Heal");
}

const STORAGE = ["storage"];
const HOST = ["power-off", "freeze", "crash-agent", "maintenance", "storage", "isolate"];

/** Whether a fault concerns this thing, so that its menu offers to heal it. */
function concerns(fault, target, lab) {
  const kind = fault.fault;
  const named = words(fault);
  const all = lab.hosts.includes(target.node) && (fault.host === "all" || fault.host?.[0] === "all");
  switch (target.act) {
    case "network": return kind === "network-down" && on(fault, target.network);
    case "node":
      return target.node === "vcenter" ? kind === "crash-vcenter" : kind.startsWith("gateway");
    case "datastore": return STORAGE.includes(kind) && (named.has(target.node) || fault.datastore === undefined || fault.datastore === "all");
    case "storage": return STORAGE.includes(kind) && (named.has(target.node) || all);
    case "host": return HOST.includes(kind) && (named.has(target.node) || all);
    case "link":
      return !["power-off", "freeze", "crash-agent", "maintenance", "storage", "network-down"].includes(kind) && (named.has(target.node) || all) && on(fault, target.network);
    default: return false;
  }
}

function on(fault, network) {
  if (fault.links) return fault.links.some(([net]) => net === network);
  const nets = fault.networks ?? "all";
  return nets === "all" || nets === network || (Array.isArray(nets) && (nets.includes("all") || nets.includes(network)));
}

/** Every text anywhere in a fault. */
function words(value, found = new Set()) {
  if (typeof value === "string") found.add(value);
  else if (value && typeof value === "object") for (const inner of Object.values(value)) words(inner, found);
  return found;
}

export { actionsFor };
