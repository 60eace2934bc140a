// Texts for people in the language of the page. The scripts are English; what a page of another language says instead is
// in its element `texts` (herzschlag/languages/*/scripts.json): a text, or the forms for one and for many.

const translations = JSON.parse(document.getElementById("texts")?.textContent || "{}");

function filledIn(message, values) {
  return message.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
/** The text in the page's language; its {names} are replaced by `values`. */
function gettext(message, values = {}) {
  return filledIn(translations[message] ?? message, values);
}
/** The form for a number of things; {number} is the number. */
function ngettext(one, many, number, values = {}) {
  return filledIn((translations[one] ?? [one, many])[number === 1 ? 0 : 1], { number, ...values });
}
/** Figures with the decimal sign of the page's language. */
function decimal(figures) {
  return document.documentElement.lang === "de" ? String(figures).replace(".", ",") : String(figures);
}

export { decimal, gettext, ngettext };
