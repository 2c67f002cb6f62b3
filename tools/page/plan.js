// The weekly plan: each weekday belongs to one group, and a group has hours from midnight to midnight.
// So no plan that can be made here has a gap or says two things of one minute. As text it is what
// docs/weekly-plan.md describes; the station gives it back day by day.

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const UNLIMITED = "unlimited";

let groups = []; // [{days: [0 to 6], steps: [{at: minute, a: amperes or null}]}]
let planTouched = false; // what is shown is not what the station has

const dayName = (index, form) => new Date(2024, 0, 1 + index).toLocaleDateString(locale(), { weekday: form });
const twoDigits = (n) => String(n).padStart(2, "0");
const timeText = (minute) => twoDigits(Math.floor(minute / 60)) + ":" + twoDigits(minute % 60);
const minuteOf = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

// {zone, groups} of the station's lines.
function planOf(text) {
  const plan = { zone: "", groups: [] };
  for (const words of text.split("\n").map((row) => row.trim().split(/\s+/))) {
    if (words[0] === "zone") plan.zone = words[1];
    const days = words[0].split(",").map((name) => DAYS.indexOf(name));
    if (words.length < 3 || days.includes(-1)) continue;
    let group = plan.groups.find((known) => known.days[0] === days[0]);
    if (!group) plan.groups.push(group = { days, steps: [] });
    group.steps.push({ at: minuteOf(words[1]), a: words[2] === UNLIMITED ? null : Number(words[2]) });
  }
  return plan;
}

function linesOf(zone, groups) {
  const lines = ["zone " + zone];
  for (const { days, steps } of groups) {
    if (!days.length) continue;
    steps.forEach((step, index) => {
      const until = index + 1 < steps.length ? steps[index + 1].at : 1440;
      const names = days.map((index) => DAYS[index]).join(",");
      lines.push(names + " " + timeText(step.at) + "-" + timeText(until) + " " + (step.a ?? UNLIMITED));
    });
  }
  return lines.join("\n") + "\n";
}

// The POSIX rule of this browser's time zone, from how its clock runs this year.
function zoneHere() {
  const year = new Date().getFullYear();
  const offset = (date) => -date.getTimezoneOffset(); // minutes east of Greenwich
  const name = (minutes) => "<" + (minutes < 0 ? "-" : "+") + twoDigits(Math.floor(Math.abs(minutes) / 60))
    + (minutes % 60 ? twoDigits(Math.abs(minutes) % 60) : "") + ">";
  const posix = (minutes) => (minutes > 0 ? "-" : "") + Math.floor(Math.abs(minutes) / 60)
    + (minutes % 60 ? ":" + twoDigits(Math.abs(minutes) % 60) : "");
  const changes = [];
  for (let hour = new Date(year, 0, 1).getTime(); hour < new Date(year + 1, 0, 1).getTime(); hour += 3600e3) {
    const before = offset(new Date(hour - 3600e3)), after = offset(new Date(hour));
    if (before !== after) changes.push({ before, after, wall: new Date(hour + before * 60e3) });
  }
  const [standard, summer] = changes.length === 2
    ? [Math.min(changes[0].before, changes[0].after), Math.max(changes[0].before, changes[0].after)]
    : [offset(new Date()), null];
  if (summer === null) return name(standard) + posix(standard);
  const rule = ({ wall }) => {
    const date = wall.getUTCDate();
    const length = new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 0)).getUTCDate();
    const week = date + 7 > length ? 5 : Math.ceil(date / 7);
    return "M" + (wall.getUTCMonth() + 1) + "." + week + "." + wall.getUTCDay() + "/" + wall.getUTCHours();
  };
  const begins = changes.find((change) => change.after === summer);
  const ends = changes.find((change) => change.after === standard);
  return name(standard) + posix(standard) + name(summer) + posix(summer) + "," + rule(begins) + "," + rule(ends);
}

function showPlan(text) {
  const plan = planOf(text);
  groups = plan.groups;
  planTouched = false;
  byId("plan-zone").value = plan.zone || zoneHere();
  byId("plan-edit").hidden = false; // not before: what is there would be replaced by nothing
  byId("plan-clear").hidden = !groups.length;
  byId("plan-lines").value = text;
  if (!groups.length && loggedIn()) groups = [{ days: [0, 1, 2, 3, 4, 5, 6], steps: [{ at: 0, a: 16 }] }];
  drawPlan();
}

function touched() {
  planTouched = true;
  for (const group of groups) group.steps.sort((one, other) => one.at - other.at);
  byId("plan-lines").value = linesOf(byId("plan-zone").value.trim(), groups);
  put(byId("plan-said"), "");
}

function drawPlan() {
  byId("plan-groups").replaceChildren(...(groups.length
    ? groups.map((group) => loggedIn() ? editor(group) : reading(group))
    : [el("p", {}, t("plan.none"))]));
}

// A group for who may only look.
function reading(group) {
  return el("div", { className: "group" },
    el("h3", {}, group.days.map((index) => dayName(index, "short")).join(", ")),
    el("ul", { className: "rows" }, ...group.steps.map((step) =>
      el("li", {}, el("span", {}, t("from") + " " + timeText(step.at)), el("b", {}, planAmps(step.a))))));
}

const planAmps = (a) => a === null ? t("plan.unlimited") : a < 6 ? t("why.pause") : amps(a);

function editor(group) {
  const days = DAYS.map((name, index) => el("button", {
    textContent: dayName(index, "short"),
    "aria-label": dayName(index, "long"),
    "aria-pressed": String(group.days.includes(index)),
    onclick: () => { moveDay(index, group); refocus(group, ".days button", index); },
  }));
  const rows = group.steps.map((step, index) => editorStep(group, step, index));
  return el("div", { className: "group", role: "group", "aria-label": t("plan.days") },
    el("div", { className: "days" }, ...days), ...rows,
    el("button", { className: "plain", textContent: t("plan.add"), onclick: () => addStep(group) }));
}

function editorStep(group, step, index) {
  const most = Math.max(32, ...mostKnown.values());
  const choices = [...new Set([0, ...Array.from({ length: most - 5 }, (_, n) => n + 6), step.a ?? 0])];
  choices.sort((one, other) => one - other);
  const time = el("input", { type: "time", value: timeText(step.at), disabled: index === 0, required: true, "aria-label": t("from") });
  time.onchange = () => {
    const at = minuteOf(time.value);
    if (!time.value || group.steps.some((other) => other !== step && other.at === at)) {
      time.value = timeText(step.at); // two rows of one minute would contradict each other
      return;
    }
    step.at = at;
    touched();
    drawPlan();
    refocus(group, ".step input", group.steps.indexOf(step));
  };
  const select = el("select", { "aria-label": t("limit") },
    ...choices.map((a) => el("option", { value: a, textContent: planAmps(a) })),
    el("option", { value: UNLIMITED, textContent: planAmps(null) }));
  select.value = step.a ?? UNLIMITED;
  select.onchange = () => {
    step.a = select.value === UNLIMITED ? null : Number(select.value);
    touched();
  };
  const remove = el("button", { className: "plain", textContent: "\u00d7", "aria-label": t("plan.remove", { time: timeText(step.at) }), disabled: index === 0 });
  remove.onclick = () => {
    group.steps.splice(group.steps.indexOf(step), 1);
    touched();
    drawPlan();
    refocus(group, ".step select", index - 1);
  };
  return el("div", { className: "step" }, el("span", {}, t("from")), time, select, remove);
}

// Drawn anew, the same place keeps the focus.
function refocus(group, selector, index) {
  const shown = byId("plan-groups").children[groups.indexOf(group)];
  if (shown) shown.querySelectorAll(selector)[index]?.focus();
}

function moveDay(index, group) {
  const has = group.days.includes(index);
  const other = groups.find((candidate) => candidate !== group);
  if (has && !other) return; // a day must be somewhere
  for (const each of groups) each.days = each.days.filter((day) => day !== index);
  const target = has ? other : group;
  target.days = [...target.days, index].sort();
  touched();
  drawPlan();
}

function addStep(group) {
  const last = group.steps[group.steps.length - 1];
  if (last.at >= 1439) return;
  group.steps.push({ at: Math.min(1439, last.at < 1020 ? last.at - last.at % 60 + 360 : last.at + 60), a: last.a });
  touched();
  drawPlan();
  refocus(group, ".step input", group.steps.length - 1);
}

// Saturday and Sunday, or what the last group can spare, get hours of their own.
function addGroup() {
  const from = groups[groups.length - 1];
  const weekend = from.days.filter((day) => day >= 5);
  const days = weekend.length && weekend.length < from.days.length ? weekend : from.days.slice(-1);
  if (from.days.length < 2) return;
  from.days = from.days.filter((day) => !days.includes(day));
  groups.push({ days, steps: from.steps.map((step) => ({ ...step })) });
  touched();
  drawPlan();
  refocus(groups[groups.length - 1], ".days button", days[0]);
}

async function loadPlan() {
  if (!planTouched) showPlan(await ask("GET", "/api/weekly-plan"));
}

// Replaces the plan by what the text field holds: the editor keeps it up to date, and who writes
// text by hand has the last word.
async function savePlan() {
  await ask("PUT", "/api/weekly-plan", byId("plan-lines").value);
  showPlan(await ask("GET", "/api/weekly-plan"));
  put(byId("plan-said"), t("plan.saved"));
}

async function clearPlan() {
  if (!await sure(t("plan.clear"), t("plan.clear.sure"), t("plan.clear"))) return;
  await ask("DELETE", "/api/weekly-plan");
  showPlan("");
  put(byId("plan-said"), t("plan.cleared"));
}
