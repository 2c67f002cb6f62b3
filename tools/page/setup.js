// Sets a station up: its Wi-Fi, its central system; then what the station says while it tries them.

const STEPS = ["wifi", "dns", "tcp", "authority", "websocket", "ocpp"];
const ASK_MS = 1000;
const LOST_MS = 6000;

const form = byId("form");
let state = null;      // as the station said it last
let networks = null;
let chosen = null;     // the name of a network; "": another one
let wanted = null;     // what was sent
let anyway = false;
let answered = Date.now();
let wrong = null;      // {part, field, key, sentence}

async function ask(path, body) {
  const options = { cache: "no-store" };
  if (body) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const found = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(found.error), { code: found.code });
  return found;
}

// ---- the form ----

function bars(rssi) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 22 18");
  svg.setAttribute("aria-hidden", "true");
  const strength = rssi >= -55 ? 4 : rssi >= -67 ? 3 : rssi >= -78 ? 2 : 1;
  for (let i = 0; i < 4; i++) {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = 5 + 4 * i;
    const values = { x: 6 * i, y: 18 - height, width: 4, height, rx: 1.5 };
    for (const key in values) bar.setAttribute(key, values[key]);
    if (i < strength) bar.setAttribute("class", "on");
    svg.append(bar);
  }
  return svg;
}

function networkLine(ssid, words, ...more) {
  const input = el("input", { type: "radio", name: "network", value: ssid, checked: chosen === ssid });
  input.addEventListener("change", () => { chosen = ssid; show(); focusAfterChoice(); });
  return el("label", { className: "option" }, input, el("span", {}, el("b", {}, words)), ...more);
}

function focusAfterChoice() {
  const field = chosen === "" ? byId("other") : byId("wifi-password");
  if (!byId("wifi-line").hidden || chosen === "") field.focus({ preventScroll: true });
}

// What is asked of a network stands below its name.
function placeFields() {
  const line = byId("networks").querySelector(":checked");
  if (line) line.parentElement.after(byId("other-line"), byId("wifi-line"));
}

function showNetworks() {
  const focus = document.activeElement;
  byId("wrong-wifi").before(byId("other-line"), byId("wifi-line"));
  const lines = (networks || []).map((one) => networkLine(
    one.ssid, one.ssid,
    el("span", { className: "lock" }, t(one.secured ? "wifi.locked" : "wifi.open")),
    bars(one.rssi),
  ));
  const known = (networks || []).map((one) => one.ssid);
  if (state.was.ssid && !known.includes(state.was.ssid)) {
    lines.unshift(networkLine(state.was.ssid, state.was.ssid, el("span", { className: "lock" }, t("wifi.before"))));
  }
  lines.push(networkLine("", t("wifi.other")));
  byId("networks").replaceChildren(...lines);
  placeFields();
  if (document.body.contains(focus)) focus.focus({ preventScroll: true });
}

async function look() {
  put(byId("looking"), t("wifi.looking"));
  byId("again").disabled = true;
  try {
    networks = (await ask("/api/networks")).networks;
    put(byId("looking"), networks.length ? "" : t("wifi.none"));
  } catch (error) {
    put(byId("looking"), t("wifi.not_looked"));
  }
  byId("again").disabled = false;
  showNetworks();
  show();
}

const ssid = () => chosen === "" ? byId("other").value.trim() : chosen;
const hasCentral = () => form.elements.central.value === "some";

function show() {
  placeFields();
  const one = (networks || []).find((network) => network.ssid === chosen);
  byId("other-line").hidden = chosen !== "";
  byId("wifi-line").hidden = chosen === null || Boolean(one && !one.secured);
  const kept = chosen !== null && ssid() === state.was.ssid && state.was.wifi_password;
  byId("wifi-password").placeholder = kept ? t("unchanged") : "";
  const central = form.elements.central.value;
  byId("none-part").hidden = central !== "none";
  byId("some-part").hidden = central !== "some";
  const url = byId("url").value.trim();
  byId("ca-part").hidden = !/^wss:/i.test(url) || (state.was.ca && url === state.was.url);
  byId("password").placeholder = state.was.password && url === state.was.url ? t("unchanged") : t("central.password.none");
  byId("own-part").hidden = !state.needs_password;
  for (const part of ["wifi", "central", "page"]) {
    const here = wrong && wrong.part === part;
    put(byId("wrong-" + part), here ? (has(wrong.key) ? t(wrong.key) : wrong.sentence) : "");
  }
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  if (wrong && wrong.field) byId(wrong.field).setAttribute("aria-invalid", "true");
}

function fill() {
  chosen = state.was.ssid;
  byId("url").value = state.was.url || "";
  byId("id").value = state.was.id || "";
  byId("open").checked = state.was.open;
  if (state.was.identity) {
    form.elements.central.value = state.was.url ? "some" : "none";
    byId("free-vend").checked = state.was.free_vend;
  }
}

// Which part of the form a word of the station's belongs to, and which field.
const PLACES = {
  central: ["central", null],
  ssid: ["wifi", "other"], wifi_password: ["wifi", "wifi-password"], url: ["central", "url"],
  id: ["central", "id"], password: ["central", "password"], ca: ["central", "ca"],
  wrong_password: ["page", "own"], too_many: ["page", "own"],
};

function complain(code, sentence) {
  const [part, field] = PLACES[code] || ["page", null];
  wrong = { part, field, key: "wrong." + code, sentence };
  show();
  const place = field && byId(field).offsetParent ? byId(field) : byId("wrong-" + part);
  place.scrollIntoView({ block: "center" });
  if (field) byId(field).focus({ preventScroll: true });
}

function wish() {
  const typed = (field) => byId(field).value;
  const sameWifi = ssid() === state.was.ssid;
  const url = typed("url").trim();
  const made = {
    ssid: ssid(), wifi_password: typed("wifi-password") || (sameWifi ? null : ""),
    url: null, open: byId("open").checked, station_password: typed("own"),
  };
  if (byId("wifi-line").hidden) made.wifi_password = "";
  if (hasCentral()) {
    const password = typed("password") || (url === state.was.url ? null : "");
    Object.assign(made, { url, id: typed("id").trim(), password, ca: typed("ca").trim() || null, free_vend: null });
  } else {
    made.free_vend = byId("free-vend").checked;
  }
  return made;
}

async function send(made) {
  wrong = null;
  try {
    await ask("/api/set-up", made);
    wanted = made;
    anyway = Boolean(made.anyway);
    state.phase = "trying";
    state.steps = [];
    showTrial();
    byId("trial-title").focus();
  } catch (error) {
    if (error.code) complain(error.code, error.message);
    else complain("silent", t("lost", { name: state.name }));
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!ssid()) complain("ssid");
  else if (!form.elements.central.value) complain("central");
  else send(wish());
});
form.addEventListener("input", () => { wrong = null; show(); });
byId("again").addEventListener("click", look);
byId("ca-file").addEventListener("change", async () => {
  const file = byId("ca-file").files[0];
  if (file) byId("ca").value = await file.text();
  wrong = null;
  show();
});

// ---- the try ----

function stepLine(name, said, now) {
  const line = el("li", { className: said ? (said.ok ? "ok" : "no") : now ? "now" : "" });
  const words = el("p", {}, el("b", {}, t("step." + name)));
  if (said) {
    const key = "why." + said.step + "." + said.word;
    words.append(el("small", {}, !said.ok && has(key) ? t(key, { ssid: wanted ? wanted.ssid : "" }) : said.sentence));
    if (!said.ok && has(key)) words.append(el("small", { lang: "en" }, said.sentence));
  }
  const mark = said ? (said.ok ? "\u2713" : "!") : "";
  line.append(el("span", { className: "mark", ariaHidden: "true" }, mark), words);
  if (said) line.append(el("span", { className: "skip" }, t(said.ok ? "step.ok" : "step.no")));
  return line;
}

// Whether the station finds the authority behind the central system by itself.
const findsAuthority = ({ url, ca }) => /^wss:/i.test(url || "") && !ca && !(state.was.ca && url === state.was.url);

function planned() {
  if (wanted && (!wanted.url || (anyway && !findsAuthority(wanted)))) return ["wifi"];
  return STEPS.filter((name) => name !== "authority" || (wanted && findsAuthority(wanted)));
}

// All the same: in a network that works, and where the station knows whom to trust.
function canBeSaved() {
  const done = state.steps.filter((said) => said.ok).map((said) => said.step);
  const trusts = done.includes("authority") && state.steps[state.steps.length - 1].step !== "tls";
  return Boolean(wanted) && done.includes("wifi") && (trusts || !findsAuthority(wanted));
}

function showTrial() {
  const { phase, steps } = state;
  form.hidden = true;
  byId("trial").hidden = false;
  put(byId("trial-title"), t("trial." + phase));
  put(byId("trial-text"), t("trial." + phase + ".text", { name: state.name, ssid: wanted ? wanted.ssid : state.was.ssid }));
  const names = steps.map((said) => nameOf(said.step));
  const lines = steps.map((said, i) => stepLine(names[i], said));
  const plan = planned();
  const left = phase === "trying" ? plan.slice(plan.indexOf(names[names.length - 1]) + 1) : [];
  left.forEach((name, i) => lines.push(stepLine(name, null, i === 0)));
  byId("steps").replaceChildren(...lines);
  byId("trial-actions").hidden = phase !== "failed";
  byId("anyway").hidden = byId("anyway-text").hidden = phase !== "failed" || !canBeSaved();
  byId("urls").replaceChildren(...(phase === "done" ? state.urls : []).map((url) => el("li", {}, el("a", { href: url }, url))));
}

const nameOf = (step) => step.startsWith("tls") ? "websocket" : step === "url" ? "dns" : STEPS.includes(step) ? step : "ocpp";

byId("change").addEventListener("click", () => {
  byId("trial").hidden = true;
  form.hidden = false;
  state.phase = "waiting";
  if (!networks) look();
  const said = state.steps[state.steps.length - 1];
  const field = said && { wifi: "wifi-password", url: "url", dns: "url", tcp: "url", tls: "url", authority: "ca" }[said.step];
  show();
  if (field && !byId(field).closest("[hidden]")) byId(field).focus();
});
byId("anyway").addEventListener("click", () => send({ ...wanted, anyway: true }));

// ---- what the station says ----

function showFrame() {
  document.documentElement.lang = language;
  translate(document);
  put(byId("language"), LANGUAGES[language === "en" ? "de" : "en"]);
  byId("language").lang = language === "en" ? "de" : "en";
  if (!state) return;
  put(byId("name"), state.name);
  document.title = state.name;
  put(byId("version"), "Setpoint " + state.version);
  put(byId("left"), t("left", { minutes: Math.ceil(state.left_s / 60) }));
}

byId("language").addEventListener("click", () => {
  language = language === "en" ? "de" : "en";
  try { localStorage.setItem("language", language); } catch (error) { /* a page that may not keep anything */ }
  showFrame();
  showNetworks();
  show();
  if (!byId("trial").hidden) showTrial();
});

async function follow() {
  try {
    const found = await ask("/api/set-up");
    answered = Date.now();
    const first = state === null;
    const edits = state && !form.hidden;
    if (edits && found.phase === "failed") found.phase = "waiting";
    state = found;
    if (first) fill();
    if (first && found.phase === "waiting") {
      form.hidden = false;
      showNetworks();
      show();
      look();
    }
    if (!edits && found.phase !== "waiting") showTrial();
    showFrame();
  } catch (error) {
    /* Said below, once it lasts */
  }
  const lost = Date.now() - answered > LOST_MS;
  const over = state && state.phase === "done";
  byId("lost").hidden = !lost || over;
  put(byId("lost"), lost && !over ? t("lost", { name: state ? state.name : "Setpoint" }) : "");
  if (!(lost && over)) setTimeout(follow, ASK_MS);
}

showFrame();
follow();
