// What the station says, in the words of a person who wants to charge.

// Dates and numbers as the reader's country writes them, where it speaks the page's language.
const locale = () => navigator.language.toLowerCase().startsWith(language) ? navigator.language : language;

// ---- numbers and times ----

function number(value, digits) {
  return value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const amps = (a) => a.toLocaleString(locale(), { maximumFractionDigits: 1 }) + "\u00a0A";
const kilowatts = (w) => number(w / 1000, w ? 1 : 0) + "\u00a0kW";
const kilowattHours = (wh) => number(wh / 1000, wh < 1000 ? 2 : 1) + "\u00a0kWh";

const clock = (instant) => timeOf(instant, {});

function timeOf(instant, more) {
  const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...more };
  return new Date(instant).toLocaleTimeString(locale(), form);
}

// A time of day: with its seconds, where it comes within two minutes, and with its weekday, where it
// could be mistaken for one of today.
function clockAfter(instant, now) {
  const ahead = new Date(instant) - new Date(now);
  if (ahead < 120e3) return timeOf(instant, { second: "2-digit" });
  if (ahead < 16 * 3600e3) return clock(instant);
  return new Date(instant).toLocaleDateString(locale(), { weekday: "short" }) + " " + clock(instant);
}

function day(instant) {
  return new Date(instant).toLocaleDateString(locale(), { day: "numeric", month: "short" });
}

function duration(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  if (minutes < 60) return minutes + "\u00a0min";
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return hours + "\u00a0h " + (minutes % 60) + "\u00a0min";
  return t("days", { n: Math.floor(hours / 24) });
}

// Hours and minutes for a table: 3:07 h.
function hours(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  return Math.floor(minutes / 60) + ":" + String(minutes % 60).padStart(2, "0") + "\u00a0h";
}

// ---- who limits, and why ----

// Who limits: {key, who, place, shared, lowest}. `place`: a phase of the house, as the station says it.
function limiter(limit) {
  const reason = limit.reason;
  if (reason.kind === "plan") return { ...reason, key: "plan", who: t("who.plan") };
  if (reason.kind === "profile") {
    const key = reason.purpose === "ChargePointMaxProfile" ? "station_profile" : "profile";
    return { ...reason, key, who: t("who." + key) };
  }
  const words = reason.words || limit.why || reason.source || "";
  const own = words.replace("its share of ", "");
  const [name, more] = own.split(", ");
  let key = reason.source === "sharing" ? name : reason.source;
  key = key.replaceAll(" ", "_");
  if (key === "house" && more && !/^L\d/.test(more)) key = "house_silent";
  return {
    key,
    who: has("who." + key) ? t("who." + key, { phase: more || "" }).replace(" ()", "") : own,
    shared: reason.source === "sharing" || reason.shared,
  };
}

// Why a connector may have what it may have, and what comes next.
function why(connector, now) {
  const { limit, next } = connector;
  const { key, who, shared, lowest } = limiter(limit);
  const values = { who, a: amps(limit.a) };
  let form = limit.a < 6 ? "pauses" : key === "hardware" ? "all" : "allows";
  if (next && now) {
    form += ".until";
    values.time = clockAfter(next.at, now);
    values.then = next.a < 6 ? t("why.pause") : amps(next.a);
  }
  let sentence = t("why." + form, values);
  if (shared) sentence += " " + t("why.shared");
  if (lowest) sentence += " " + t("why.lowest");
  return sentence;
}

// The big words over a connector.
function statusWords(connector) {
  const { status, limit, session } = connector;
  if (status === "SuspendedEVSE") {
    if (limit.a >= 6) return t("status.SuspendedEVSE");
    const key = "paused." + limiter(limit).key;
    return has(key) ? t(key) : t("status.SuspendedEVSE");
  }
  if (status === "Preparing" && connector.plugged) return t("status.plugged");
  if (status === "SuspendedEV" && session && connector.plugged === false) return t("status.unplugged");
  return has("status." + status) ? t("status." + status) : status;
}

// What to do now, or what is waited for; an empty text: nothing.
function hint(connector) {
  const { status, limit } = connector;
  if (status === "SuspendedEVSE" && limit.a >= 6) return connector.rests_s ? t("hint.rest", { n: connector.rests_s }) : t("hint.soon");
  if (status === "Preparing" && connector.plugged) return t("hint.plugged");
  return has("hint." + status) ? t("hint." + status) : "";
}

// What a fault is and what to do: [title, advice]. The text of a code is both; the first sentence is
// the title.
function adviceOf(fault) {
  const key = [fault.vendor_code, fault.code].map((code) => "fault." + code).find(has);
  const text = key ? t(key) : t("fault.OtherError");
  const end = text.indexOf(". ");
  return [text.slice(0, end), text.slice(end + 2)];
}
