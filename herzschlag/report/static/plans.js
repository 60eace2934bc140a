// Places and sizes in the picture of the cluster: wide or narrow, every host drawn or a tile for each.
//
// This module decides sizes and places, in the units of the drawing; a narrow one is for phones, where a unit is about
// three quarters of a pixel, so that its words can be read.

const NARROW_PX = 560;
const ROWS_FULL_MAX = 8;
const NARROW_FULL_MAX = 4;
const VM_ROWS_MAX = 3;

function fullPlan(topo, narrow = false) {
  const count = topo.hosts.length;
  const width = narrow ? Math.max(480, count * 156 + 12) : Math.max(980, count * 216 + 40);
  const edge = narrow ? 6 : 20;
  const slot = (width - 2 * edge) / count;
  const hostWidth = narrow ? slot - 8 : Math.min(250, slot - 26);
  const columns = hostWidth >= 190 ? 2 : 1;
  const rows = Math.min(VM_ROWS_MAX, Math.max(1, Math.ceil((topo.vm_rows ?? VM_ROWS_MAX * columns) / columns)));
  const vmTop = narrow ? 82 : 60;
  const hostTop = 236, hostHeight = vmTop + 14 + rows * 31;
  const bars = {};
  topo.networks.forEach((net, index) => (bars[net] = 110 + index * 46));
  const places = {};
  topo.hosts.forEach((host, index) => {
    places[host] = { x: edge + slot * (index + 0.5), y: hostTop, up: false };
  });
  places.vcenter = { x: edge + Math.min(150, slot / 2) + (narrow ? 12 : 0), y: 66, up: true };
  places.gateway = { x: width - edge - Math.min(150, slot / 2) - (narrow ? 12 : 0), y: 66, up: true };
  const railY = hostTop + hostHeight + 40;
  const networkX = edge + slot, linkApart = narrow ? 26 : 34;
  return { width, height: railY + 104, narrow, slot, hostWidth, hostTop, hostHeight, vmTop, bars, places, railY, columns, rows, networkX, linkApart };
}

function gridPlan(topo, narrow = false) {
  const columns = narrow ? 4 : topo.hosts.length > 32 ? 10 : 8;
  const width = narrow ? 480 : 1200, tileWidth = (width - 30) / columns - 8, tileHeight = 76;
  const top = narrow ? 134 : 74;
  const places = {};
  topo.hosts.forEach((host, index) => {
    places[host] = { x: 19 + (index % columns) * (tileWidth + 8), y: top + Math.floor(index / columns) * (tileHeight + 8) };
  });
  return { width, narrow, tileWidth, tileHeight, places, height: top + 10 + Math.ceil(topo.hosts.length / columns) * (tileHeight + 8) };
}

export { fullPlan, gridPlan, NARROW_FULL_MAX, NARROW_PX, ROWS_FULL_MAX };
