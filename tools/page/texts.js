// The texts of a page. TEXTS has each sentence by language and key. Whatever comes from outside
// reaches the page as text, never as HTML.

const LANGUAGES = { en: "English", de: "Deutsch" };
const byId = (id) => document.getElementById(id);

let language = localStorage.getItem("language")
  || (navigator.language.toLowerCase().startsWith("de") ? "de" : "en");
if (!LANGUAGES[language]) language = "en";

// The sentence of a key, with {names} filled in.
function t(key, values = {}) {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? "");
}

const has = (key) => key in TEXTS[language];

// An element with properties, and children that are elements or text.
function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const key in properties) {
    if (key in element) element[key] = properties[key];
    else element.setAttribute(key, properties[key]);
  }
  element.append(...children);
  return element;
}

// Changes a text only where it differs: what did not change is not read out again.
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Fills in the texts that stand in the HTML by their keys.
function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) put(element, t(element.dataset.t));
  for (const element of root.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
}
