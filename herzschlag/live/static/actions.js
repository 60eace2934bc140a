// Actions for each thing of the picture: faults in the words of scenario files, and the healing of those in force.
//
// This module decides which actions are offered and their labels; it knows neither the page nor the socket.
//
//   actionsFor({ act, node, network }, lab, state, send)   the items of its menu; one with `off` cannot be chosen now, for that reason

const ACCESS = [
  ["apd", "all paths down: input and output hang"],
  ["pdl", "permanently lost: input and output fail"],
  ["read-only", "read-only: writes fail"],
  ["slow", "slow: each operation takes two seconds", { delay_ms: 2000 }],
  ["stale", "stale: reads give what is there now, whatever is written later"],
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
    { label: "Cut silently", hint: "the switch drops all packets, the carrier stays", run: begin({ fault: "isolate", ...at }) },
    { label: "Take the carrier away", hint: "the switch's port goes down", run: begin({ fault: "isolate", manner: "port-down", ...at }) },
    { label: "No way out", hint: `packets of ${node} are dropped`, run: begin({ fault: "one-way", src: node, dst: "all", networks: network }) },
    { label: "No way in", hint: `packets to ${node} are dropped`, run: begin({ fault: "one-way", src: "all", dst: node, networks: network }) },
    {
      label: "Cut towards one node",
      items: others.map((other) => ({ label: other, run: begin({ fault: "cut-pair", a: node, b: other, networks: network }) })),
    },
    { label: "Lose every third packet", hint: "both directions stay open", run: begin({ fault: "impair", src: node, networks: network, loss: 0.33 }) },
  ];
}

function host({ node }, lab, state, begin) {
  const dark = state.picture.roles[node] === "off" ? `${node} has no power` : "";
  const off = { fault: "power-off", host: node };
  return [
    { label: "Power off", hint: "everything on it dies at once", run: begin(off), off: dark && "it has no power already" },
    { label: "Freeze", off: dark, hint: "it stops, and later goes on as if nothing had happened", run: begin({ fault: "freeze", host: node }) },
    { label: "Isolate", hint: "cut off from everyone on all networks", run: begin({ fault: "isolate", host: node }) },
    { label: "Take a datastore away", items: stores(node, lab, begin) },
    { label: "Kill the agent", off: dark, hint: "the watchdog starts it again", run: begin({ fault: "crash-agent", host: node }) },
    { label: "Kill the agent for good", off: dark, hint: "without watchdog", run: begin({ fault: "crash-agent", host: node, watchdog: false }) },
    { label: "Maintenance mode", hint: "by vCenter", run: begin({ fault: "maintenance", host: node }) },
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
      label: `${name === "all" ? "All datastores" : name}: ${access}`, hint, run: begin({ fault: "storage", host: node, datastore: name, access, ...more }),
    })));
}

function datastore({ node }, lab, state, begin) {
  return ACCESS.map(([access, hint, more]) => ({
    label: `Take it from every host: ${access}`, hint, run: begin({ fault: "storage", host: "all", datastore: node, access, ...more }),
  }));
}

function network({ network: name }, lab, state, begin) {
  return [
    { label: "Carries nothing", hint: "the switch drops everything, carriers stay", run: begin({ fault: "network-down", networks: name }) },
    { label: "Switch off", hint: "every port goes down", run: begin({ fault: "network-down", networks: name, manner: "port-down" }) },
  ];
}

function node({ node: name }, lab, state, begin) {
  const dark = state.picture.gateway === "off" ? "it has no power" : "";
  if (name === "vcenter") return [{ label: "Crash vCenter", hint: "its process is killed", run: begin({ fault: "crash-vcenter" }) }];
  return [
    { label: "Silence it", off: dark, hint: "it runs and answers no ping", run: begin({ fault: "gateway-silent" }) },
    { label: "Power off", off: dark && "it has no power already", run: begin({ fault: "gateway-down" }) },
  ];
}

// --- what heals ----------------------------------------------------------------------------------------------------------

const HEALING = {
  "power-off": "Power on", freeze: "Thaw", storage: "Give the datastore back", "gateway-silent": "Let it answer", "gateway-down": "Power on",
  "crash-vcenter": "Start vCenter", "crash-agent": "Start the agent", maintenance: "Out of maintenance", "network-down": "Repair the network",
};

function healWord(fault) {
  if (fault.fault === "isolate" && fault.manner && fault.manner !== "silent") return "Plug in again";
  return HEALING[fault.fault] || "Heal";
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
