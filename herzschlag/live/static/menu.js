// A small menu at the thing it is about, for mouse, finger, keyboard and screen reader.
//
// This module decides how a menu behaves; the caller passes its items:
//
//   openMenu({ title, items, at, back })   items: [{ label, hint, run, off } | { label, items }], at: a rectangle that stays in sight,
//                                          back(): gives the focus back where it came from

import { gettext } from "/static/gettext.js";

const EDGE = 8;
const PHONE_PX = 640;
let close = () => {};

function openMenu({ title, items, at, back }) {
  close();
  const box = document.createElement("div");
  box.className = "menu";
  box.setAttribute("role", "menu");
  document.body.append(box);
  const levels = [{ title, items }];

  close = (focus) => {
    box.remove();
    document.removeEventListener("pointerdown", outside, true);
    removeEventListener("resize", gone);
    close = () => {};
    if (focus) back();
  };
  const gone = () => close(false);
  const outside = (event) => {
    if (!box.contains(event.target)) close(false);
  };

  const up = () => {
    if (levels.length === 1) return close(true);
    levels.pop();
    show();
  };

  const choose = (item) => {
    if (item.off) return;
    if (item.items) {
      levels.push({ title: `${levels.at(-1).title}: ${item.label}`, items: item.items });
      return show();
    }
    close(true);
    item.run();
  };

  const show = () => {
    const level = levels.at(-1);
    box.setAttribute("aria-label", level.title);
    const head = document.createElement("p");
    head.className = "menuhead";
    head.setAttribute("aria-hidden", "true");
    head.textContent = level.title;
    box.replaceChildren(head);
    if (levels.length > 1) box.append(entry({ label: gettext("‹ back"), run: up }, up));
    for (const item of level.items) box.append(entry(item, () => choose(item)));
    place(box, at);
    const first = box.querySelector(levels.length > 1 ? "[role=menuitem]:nth-of-type(2)" : "[role=menuitem]");
    (first || box.querySelector("[role=menuitem]"))?.focus();
  };

  box.addEventListener("keydown", (event) => {
    const all = [...box.querySelectorAll("[role=menuitem]")];
    const here = all.indexOf(document.activeElement);
    const to = {
      ArrowDown: (here + 1) % all.length, ArrowUp: (here - 1 + all.length) % all.length, Home: 0, End: all.length - 1,
    }[event.key];
    if (to !== undefined) all[to].focus();
    else if (event.key === "Escape" || event.key === "ArrowLeft") up();
    else if (event.key === "ArrowRight" && all[here]?.hasAttribute("aria-haspopup")) all[here].click();
    else if (event.key === "Tab") close(true);
    else if (event.key.length === 1 && event.key !== " ") {
      const letter = event.key.toLowerCase();
      [...all.slice(here + 1), ...all.slice(0, here + 1)].find((one) => one.textContent.toLowerCase().startsWith(letter))?.focus();
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", outside, true);
  addEventListener("resize", gone);
  show();
}

function entry(item, chosen) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("role", "menuitem");
  button.tabIndex = -1;
  if (item.items) button.setAttribute("aria-haspopup", "menu");
  if (item.heals) button.className = "heals";
  button.append(item.items ? `${item.label} ›` : item.label);
  if (item.off) button.setAttribute("aria-disabled", "true");
  if (item.off || item.hint) {
    const hint = document.createElement("small");
    hint.textContent = item.off || item.hint;
    button.append(hint);
  }
  button.addEventListener("click", chosen);
  return button;
}

/** Beside the thing, so that what is about to be broken stays in sight; on a phone at the bottom of the window. */
function place(box, at) {
  const sheet = innerWidth < PHONE_PX;
  box.classList.toggle("sheet", sheet);
  if (sheet) {
    box.style.left = box.style.top = "";
    const room = innerHeight - box.getBoundingClientRect().height - EDGE;
    if (at.bottom > room || at.top < EDGE) scrollBy({ top: Math.min(at.top - EDGE, at.bottom - room + EDGE), behavior: "instant" });
    return;
  }
  const { width, height } = box.getBoundingClientRect();
  const right = at.right + EDGE, left = at.left - EDGE - width;
  const x = right + width + EDGE <= innerWidth ? right : left >= EDGE ? left : Math.max(EDGE, innerWidth - width - EDGE);
  box.style.left = `${x}px`;
  box.style.top = `${Math.max(EDGE, Math.min(at.top, innerHeight - height - EDGE))}px`;
}

export { openMenu };
