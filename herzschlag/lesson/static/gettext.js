// Texts of the page in the language of its reader: the English text is the key, as in Python (herzschlag/languages).

let words = {};

/** Take the texts of a language: a text, or the forms for one and for many, by the English text. */
function speak(given) {
  words = given;
}

/** `text` in the language of the page; its `{names}` are replaced by the values. */
function gettext(text, values = {}) {
  return filled(words[text] || text, values);
}

/** The form for a number of things; `{number}` is the number. */
function ngettext(one, many, number, values = {}) {
  const forms = words[one] || [one, many];
  return filled(forms[number === 1 ? 0 : 1], { ...values, number });
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export { gettext, ngettext, speak };
