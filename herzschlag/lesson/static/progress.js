// The answers that this browser gave, and which of them were right: kept in the browser, sent nowhere.
//
// This module decides how an answer is judged and what is remembered. A browser that keeps nothing forgets with its page.

const KEY = "herzschlag-lesson";
const NEAR = 1; // a number may be off by so much: seconds, or packets

let kept = {};
try {
  kept = JSON.parse(localStorage.getItem(KEY)) || {};
} catch {
  kept = {}; // storage is switched off, or holds something else
}

function save() {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // full or switched off: the page goes on without
  }
}

/** What was answered: the number of a choice, or the text of a number; undefined without. */
function given(id) {
  return kept[id]?.given;
}

function give(id, answer) {
  if (answer === "" || answer === null) delete kept[id];
  else kept[id] = { given: answer };
  save();
}

/** Whether it was right: true, false, or null for one that was not answered. Remembered from the first time on. */
function judge(answer) {
  const mine = kept[answer.id];
  if (!mine) return null;
  const value = Number(String(mine.given).replace(",", "."));
  mine.right = answer.right === null ? Math.abs(value - answer.number) <= NEAR : value === answer.right;
  save();
  return mine.right;
}

/** Of a chapter: how many questions were answered after which the answer was seen, and how many rightly. */
function score(chapter) {
  const judged = Object.entries(kept).filter(([id, one]) => id.startsWith(`${chapter}.`) && "right" in one);
  return { judged: judged.length, right: judged.filter(([, one]) => one.right).length };
}

function forget() {
  kept = {};
  save();
}

export { forget, give, given, judge, score };
