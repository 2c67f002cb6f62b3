// The page of a station: asks for its state every two seconds while somebody looks, shows it, and
// carries out what the owner wants. It changes the station by the actions below and by nothing else.

const EVERY_MS = 2000;
const SLOWEST_MS = 10000; // between two tries while the station does not answer
const PLAN_EVERY_MS = 60000;
const SESSIONS_EVERY_MS = 300000;
const FEW = 5; // sessions shown at first

let state = null;
let wait = EVERY_MS;
let timer = null;
let polling = false, pollAgain = false;
let answeredAt = Date.now();
let restarting = false; // the owner wanted it
let chosen = null; // the connector whose day is shown
let ahead = null; // that day
let aheadAt = 0, aheadOf = "";
let sessions = null;
let sessionsAt = 0, sessionsOf = "";
let allSessions = false;
const cardsOf = new Map(); // by connector: its elements

const loggedIn = () => Boolean(token && state && state.station.logged_in);

// ---- asking for the state ----

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  if (polling) {
    pollAgain = true; // this one may have asked before what somebody just did
    return;
  }
  polling = true;
  let known = true;
  try {
    const fresh = await ask("GET", "/api/state");
    answered();
    show(fresh);
    await refresh();
  } catch (error) {
    known = failed(error);
  }
  polling = false;
  if (pollAgain) {
    pollAgain = false;
    poll();
  } else if (known) {
    timer = setTimeout(poll, wait);
  }
}

function answered() {
  wait = EVERY_MS;
  answeredAt = Date.now();
  byId("offline").hidden = true;
}

// Is there any use in asking again by itself?
function failed(error) {
  if (error instanceof Refused) {
    answered();
    if (error.status === 401) locked();
    else notice(error);
    return error.status !== 401;
  }
  if (!(error instanceof Silent)) {
    console.error(error); // of this page; what it cannot show now it may show the next time
    return true;
  }
  wait = Math.min(SLOWEST_MS, wait * 1.5);
  put(byId("offline"), t(restarting ? "restarting" : "silent", { time: clock(answeredAt) }));
  byId("offline").hidden = false;
  return true;
}

// The station wants its password before it says anything.
function locked() {
  const first = byId("welcome").hidden;
  const expired = token !== null;
  setToken(null);
  state = null;
  byId("content").hidden = true;
  byId("welcome").hidden = false;
  byId("log-in").hidden = true;
  if (first && !byId("login").open) openLogin(expired ? t("log_in.again") : "");
}

// What changes seldom, one after the other: the day ahead, the last sessions.
async function refresh() {
  const now = Date.now();
  const connector = state.connectors.find((each) => each.id === chosen) || state.connectors[0];
  const key = JSON.stringify([connector.id, connector.limit, connector.next]);
  byId("ahead").hidden = !state.station.now; // without the time nobody knows the hours ahead
  byId("ahead-unknown").hidden = Boolean(state.station.now);
  if (state.station.now && (key !== aheadOf || now - aheadAt > PLAN_EVERY_MS)) {
    ahead = await ask("GET", "/api/plan?hours=24&connector=" + connector.id);
    aheadOf = key;
    aheadAt = now;
    showAhead();
  }
  const running = JSON.stringify(state.connectors.map((each) => each.session && each.session.start));
  if (running !== sessionsOf || now - sessionsAt > SESSIONS_EVERY_MS) {
    sessions = (await ask("GET", "/api/sessions")).sessions;
    sessionsOf = running;
    sessionsAt = now;
    showSessions();
  }
}

// ---- showing it ----

function show(fresh) {
  if (state && state.station.version !== fresh.station.version) location.reload(); // a new page, too
  if (state && fresh.station.up_s < state.station.up_s) {
    restarting = false;
    byId("update-progress").hidden = true;
  }
  const lookedOnly = !loggedIn();
  state = fresh;
  const { station, connectors } = state;
  document.body.classList.toggle("guest", !loggedIn());
  if (lookedOnly === loggedIn() && byId("plan").open) attempt(loadPlan);
  byId("welcome").hidden = true;
  byId("content").hidden = false;
  byId("log-in").hidden = false;
  put(byId("log-in"), t(loggedIn() ? "log_out" : "log_in"));
  put(byId("name"), station.name || station.model || "Setpoint");
  document.title = statusWords(connectors[0]) + " \u2013 " + byId("name").textContent;
  put(byId("link"), t("central." + station.central_system) + (station.now ? "" : " " + t("no_time")));
  put(byId("version"), "Setpoint " + station.version);
  showFaults(station, connectors);
  chosen ??= connectors[0].id;
  byId("pair").classList.toggle("several", connectors.length > 1);
  for (const connector of connectors) showConnector(connector, station.now);
  showAbout(station);
}

function cardOf(connector) {
  let card = cardsOf.get(connector.id);
  if (!card) {
    card = byId("connector").content.firstElementChild.cloneNode(true);
    translate(card);
    const act = (name, work) => { card.querySelector(name).onclick = (event) => attempt(work, event.currentTarget); };
    const body = { connector: connector.id };
    const current = () => state.connectors.find((each) => each.id === connector.id);
    act(".b-start", () => ask("POST", "/api/start", body));
    act(".b-resume", () => ask("POST", "/api/resume", body));
    act(".b-pause", async () => {
      const charging = current().status === "Charging";
      if (!charging || await sure(t("pause"), t("pause.sure"), t("pause"))) await ask("POST", "/api/pause", body);
    });
    act(".b-stop", async () => {
      if (await sure(t("stop"), t("stop.sure"), t("stop"))) await ask("POST", "/api/stop", body);
    });
    const range = card.querySelector("input");
    range.oninput = () => {
      range.dataset.touched = "yes";
      showConnector(current(), state.station.now);
    };
    act(".b-limit", async () => {
      await ask("POST", "/api/limit", { ...body, a: Number(range.value) });
      delete range.dataset.touched;
    });
    act(".b-no-limit", async () => {
      const everywhere = state.station.owner_a !== null; // a limit of all connectors together
      await ask("POST", "/api/limit", everywhere ? { a: null } : { ...body, a: null });
      delete range.dataset.touched;
    });
    cardsOf.set(connector.id, card);
    byId("connectors").append(card);
  }
  return card;
}

function showConnector(connector, now) {
  const card = cardOf(connector);
  const at = (name) => card.querySelector(name);
  const { session, limit } = connector;
  const several = state.connectors.length > 1;
  put(at(".which"), several ? t("connector") + " " + connector.id : "");
  at(".which").hidden = !several;
  put(at(".status"), statusWords(connector));
  put(at(".why"), connector.status === "Faulted" ? t("hint.Faulted") : (hint(connector) + " " + why(connector, now)).trim());

  const drawn = Math.max(...connector.drawn_a, 0);
  const most = mostOf(connector);
  at(".drawn").style.width = Math.min(100, drawn * 100 / most) + "%";
  at(".offered").style.left = Math.min(100, connector.offered_a * 100 / most) + "%";
  put(at(".f-power"), kilowatts(connector.drawn_w));
  const phases = connector.drawn_a.filter((a) => a > 0);
  figure(at(".f-drawn"), amps(drawn), phases.length > 1 ? t("phases", { n: phases.length }) : phases.length ? t("phase") : "");
  put(at(".f-offered"), connector.offered_a ? amps(connector.offered_a) : t("offered.none"));
  for (const element of card.querySelectorAll(".of-session")) element.hidden = !session;
  if (session) {
    put(at(".f-energy"), kilowattHours(session.wh));
    put(at(".f-duration"), now && session.start ? hours(new Date(now) - new Date(session.start)) : "\u2013");
    put(at(".f-card"), session.id_tag || "");
    at(".of-card").hidden = !session.id_tag;
  }

  const begins = !session && connector.plugged && ["Available", "Preparing", "Finishing"].includes(connector.status);
  at(".b-start").hidden = !begins;
  at(".b-stop").hidden = !session;
  at(".b-pause").hidden = connector.paused;
  at(".b-resume").hidden = !connector.paused;
  const range = at("input");
  range.max = Math.max(6, Math.round(most));
  const owner = connector.owner_a ?? state.station.owner_a ?? null;
  if (!range.dataset.touched && document.activeElement !== range) range.value = owner || Math.round(most);
  const own = range.dataset.touched || owner !== null ? amps(Number(range.value)) : t("limit.off");
  put(at("output"), own);
  range.setAttribute("aria-valuetext", own);
  at(".b-limit").hidden = !range.dataset.touched;
  at(".b-no-limit").hidden = owner === null;
}

// A number, and a smaller word below it.
function figure(element, text, more) {
  if (element.textContent !== text + more) element.replaceChildren(text, ...(more ? [el("small", {}, more)] : []));
}

// What the connector could bear, as far as is known: the end of its scale.
function mostOf(connector) {
  const known = ahead && ahead.connector === connector.id
    ? ahead.sources.filter((source) => source.reason.source === "hardware").flatMap((source) => source.points.map(([, a]) => a))
    : [];
  if (known.length) mostKnown.set(connector.id, Math.max(...known));
  return mostKnown.get(connector.id) || Math.max(32, connector.limit.a);
}
const mostKnown = new Map();

function showFaults(station, connectors) {
  const all = station.faults.map((fault) => [null, fault])
    .concat(connectors.flatMap((connector) => connector.faults.map((fault) => [connector, fault])));
  const key = JSON.stringify([all.map(([where, fault]) => [where && where.id, fault]), language]);
  const box = byId("faults");
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.hidden = !all.length;
  box.replaceChildren(...all.map(([where, fault]) => {
    const [title, advice] = adviceOf(fault);
    const place = where && connectors.length > 1 ? t("connector") + " " + where.id + ": " : "";
    return el("div", { className: "card fault", role: "alert" },
      el("h2", {}, place + title), el("p", {}, advice),
      el("p", { className: "quiet" }, t("fault.said") + " ",
        el("span", { lang: "en" }, [fault.vendor_code || fault.code, fault.info].filter(Boolean).join(": "))));
  }));
}

function showAhead() {
  const box = byId("ahead-choice");
  box.hidden = state.connectors.length < 2;
  if (box.childElementCount !== state.connectors.length) {
    box.replaceChildren(...state.connectors.map((connector) => el("button", {
      className: "plain", textContent: connector.id,
      onclick: () => { chosen = connector.id; attempt(async () => {}); },
    })));
  }
  [...box.children].forEach((button, index) => {
    button.setAttribute("aria-pressed", String(state.connectors[index].id === ahead.connector));
  });
  drawAhead(ahead);
}

function showSessions() {
  byId("sessions").hidden = byId("csv").hidden = !sessions.length;
  byId("sessions-none").hidden = sessions.length > 0;
  byId("sessions-more").hidden = allSessions || sessions.length <= FEW;
  byId("sessions-rows").replaceChildren(...sessions.slice(0, allSessions ? undefined : FEW).map((session) => el("tr", {},
    el("td", {}, session.start ? day(session.start) : "\u2013", el("small", {}, session.start ? clock(session.start) : "")),
    el("td", {}, session.id_tag || "\u2013"),
    el("td", { className: "brief" }, session.start && session.stop ? hours(new Date(session.stop) - new Date(session.start)) : "\u2013"),
    el("td", { className: "number" }, number(session.wh / 1000, 2)))));
}

function showAbout(station) {
  const rows = [
    [t("about.model"), station.model], [t("about.serial"), station.serial], [t("about.version"), station.version],
    [t("about.up"), duration(station.up_s * 1000)], [t("about.zone"), station.zone],
    [t("about.time"), station.now ? day(station.now) + " " + clock(station.now) : t("no_time")],
  ];
  if (station.house) {
    const phases = station.house.phases_a.map((a, index) => "L" + (index + 1) + "\u00a0" + amps(a)).join(", ");
    rows.push([t("about.house"), phases + (station.house.fresh ? "" : " " + t("about.house.silent"))]);
  }
  if (station.dimmed !== null) rows.push([t("about.dim"), t(station.dimmed ? "about.dim.yes" : "about.dim.no")]);
  const key = JSON.stringify(rows);
  if (byId("about").dataset.key !== key) {
    byId("about").dataset.key = key;
    byId("about").replaceChildren(...rows.filter((row) => row[1]).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  }
  if (document.activeElement !== byId("free-vend")) byId("free-vend").checked = station.free_vend;
}

// ---- doing something ----

// Carries out what somebody wanted: shows what goes wrong, and then the state that came of it.
async function attempt(work, button) {
  if (button) button.disabled = true;
  byId("notice").hidden = true;
  let done = false;
  try {
    await work();
    done = true;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) locked();
    else notice(error);
  }
  if (button) button.disabled = false;
  if (token || state) poll();
  return done;
}

// What went wrong: what it means, and the station's own sentence.
function notice(error) {
  if (!(error instanceof Refused || error instanceof Silent)) console.error(error);
  const key = "error." + (error instanceof Refused ? error.code : "no_answer");
  put(byId("notice-title"), has(key) ? t(key) : t("error"));
  byId("notice-text").lang = "en";
  put(byId("notice-text"), error instanceof Refused ? error.message : "");
  byId("notice").hidden = false;
}

// Asks before a charge is interrupted.
function sure(title, text, yes) {
  const dialog = byId("sure");
  put(byId("sure-title"), title);
  put(byId("sure-text"), text);
  put(byId("sure-yes"), yes);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function openLogin(sentence) {
  put(byId("login-said"), sentence);
  byId("password").value = "";
  byId("login").showModal();
}

async function logIn(event) {
  event.preventDefault();
  put(byId("login-said"), "");
  try {
    setToken((await ask("POST", "/api/login", { password: byId("password").value })).token);
  } catch (error) {
    const key = "error." + (error instanceof Refused ? error.code : "no_answer");
    put(byId("login-said"), has(key) ? t(key) : error.message);
    byId("password").select();
    return;
  }
  byId("login").close();
  poll();
}

function logOut() {
  setToken(null);
  poll();
}

async function downloadSessions() {
  const text = await ask("GET", "/api/sessions.csv");
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: "sessions.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function loadCards() {
  const { cards, editable } = await ask("GET", "/api/cards");
  put(byId("cards-text"), editable ? t("cards.text") : t("cards.theirs"));
  byId("cards-add").hidden = !editable || !loggedIn();
  byId("cards-list").replaceChildren(...cards.map((card) => {
    const row = el("li", {}, el("span", {}, card.id_tag));
    if (card.status !== "Accepted") row.append(el("span", { className: "quiet" }, card.status));
    if (editable && loggedIn()) {
      const remove = el("button", { className: "plain", textContent: t("cards.remove"), "aria-label": t("cards.remove") + " " + card.id_tag });
      remove.onclick = () => attempt(async () => {
        if (!await sure(t("cards.remove"), t("cards.remove.sure", { card: card.id_tag }), t("cards.remove"))) return;
        await ask("DELETE", "/api/cards/" + encodeURIComponent(card.id_tag));
        await loadCards();
      }, remove);
      row.append(remove);
    }
    return row;
  }));
}

async function addCard() {
  await ask("POST", "/api/cards", { id_tag: byId("cards-tag").value.trim() });
  byId("cards-tag").value = "";
  await loadCards();
}

async function loadLog() {
  const text = await ask("GET", "/api/log");
  put(byId("log-text"), text);
  byId("log-text").scrollTop = byId("log-text").scrollHeight;
}

async function restart() {
  if (!await sure(t("restart"), t("restart.sure"), t("restart"))) return;
  await ask("POST", "/api/restart", {});
  restarting = true;
}

async function update(file) {
  if (!await sure(t("update"), t("update.sure", { file: file.name }), t("update"))) return;
  byId("update-progress").hidden = false;
  const progress = (percent) => {
    byId("update-bar").value = percent;
    put(byId("update-said"), t("update.sent", { percent: Math.floor(percent) }));
  };
  progress(0);
  try {
    await upload("/api/update", file, progress);
  } catch (error) {
    byId("update-progress").hidden = true;
    throw error;
  }
  put(byId("update-said"), t("update.installing"));
  restarting = true;
}

// ---- what is pressed ----

function onOpen(id, load) {
  byId(id).addEventListener("toggle", (event) => {
    if (event.target === byId(id) && event.target.open) attempt(load);
  });
}

function onClick(id, work) {
  byId(id).onclick = (event) => attempt(work, event.currentTarget);
}

function speak() {
  document.documentElement.lang = language;
  translate(document);
  for (const card of cardsOf.values()) translate(card);
  const other = language === "en" ? "de" : "en";
  byId("language").textContent = LANGUAGES[other];
  byId("language").lang = other;
  if (state) show(state);
  if (ahead) showAhead();
  if (sessions) showSessions();
  if (byId("plan").open) drawPlan();
  if (byId("cards").open) attempt(loadCards);
}

byId("language").onclick = () => {
  language = language === "en" ? "de" : "en";
  localStorage.setItem("language", language);
  speak();
};
byId("log-in").onclick = () => loggedIn() ? logOut() : openLogin("");
byId("welcome-log-in").onclick = () => openLogin("");
byId("login-form").onsubmit = logIn;
byId("login-cancel").onclick = () => byId("login").close();
byId("notice-close").onclick = () => { byId("notice").hidden = true; };
onClick("csv", downloadSessions);
byId("sessions-more").onclick = () => { allSessions = true; showSessions(); };
onOpen("plan", loadPlan);
onClick("plan-save", savePlan);
onClick("plan-clear", clearPlan);
byId("plan-group").onclick = addGroup;
byId("plan-zone").onchange = touched;
byId("plan-lines").oninput = () => { planTouched = true; };
onOpen("cards", loadCards);
byId("cards-add").onsubmit = (event) => { event.preventDefault(); attempt(addCard, event.submitter); };
byId("free-vend").onchange = (event) => attempt(() => ask("POST", "/api/free-vend", { active: event.target.checked }));
byId("update-file").onchange = async (event) => {
  const [file] = event.target.files;
  if (file) await attempt(() => update(file));
  event.target.value = "";
};
onClick("restart", restart);
onOpen("log", loadLog);
onClick("log-again", loadLog);

document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
new ResizeObserver(() => { if (ahead) drawAhead(ahead); }).observe(byId("chart"));
speak();
poll();
