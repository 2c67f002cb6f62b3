// The day ahead of a connector: each source as a thin step line with dashes and a letter of its own,
// the limit as a wide line over an area. The same in words, and as a table.

const DASHES = ["", "7 4", "2 3", "11 3 2 3", "1 5", "14 5", "5 2 1 2 1 2", "3 7"];
const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  return element;
}

// What a step function says at an instant; each point holds until the next. null: nothing.
function valueAt(points, at) {
  let value = null;
  for (const [since, a] of points) {
    if (Date.parse(since) > at) break;
    value = a;
  }
  return value;
}

// The steps of the limit: [{from, until, a, by}]. `by`: the source that is as low.
function steps(plan) {
  const found = [];
  const end = Date.parse(plan.until);
  plan.limit.forEach(([since, a], index) => {
    const from = Date.parse(since);
    const until = index + 1 < plan.limit.length ? Date.parse(plan.limit[index + 1][0]) : end;
    if (until <= from) return;
    const lowest = plan.sources.filter((source) => valueAt(source.points, from) !== null)
      .sort((one, other) => valueAt(one.points, from) - valueAt(other.points, from))[0];
    const by = lowest ? limiter(lowest).who : "";
    const last = found[found.length - 1];
    if (last && last.a === a && last.by === by) last.until = until;
    else found.push({ from, until, a, by });
  });
  return found;
}

function drawAhead(plan) {
  const box = byId("chart");
  const width = Math.max(240, box.clientWidth);
  const height = width < 420 ? 200 : 250;
  const left = 34, right = 10, top = 12, bottom = 26;
  const from = Date.parse(plan.from), until = Date.parse(plan.until);
  const all = plan.sources.concat({ points: plan.limit }).flatMap((source) => source.points.map(([, a]) => a || 0));
  const tick = Math.max(...all) > 40 ? 16 : 8;
  const most = Math.ceil(Math.max(16, ...all) / tick) * tick;
  const x = (at) => left + (at - from) * (width - left - right) / (until - from);
  const y = (a) => height - bottom - a * (height - top - bottom) / most;
  const trace = (points) => {
    let path = "";
    points.forEach(([since, a], index) => {
      const begin = Math.max(from, Date.parse(since));
      const end = index + 1 < points.length ? Date.parse(points[index + 1][0]) : until;
      if (a === null || end <= begin) return;
      const joined = index > 0 && points[index - 1][1] !== null;
      path += (joined && path ? "L" : "M") + x(begin).toFixed(1) + " " + y(a).toFixed(1) + "H" + x(end).toFixed(1);
    });
    return path;
  };

  const words = aheadWords(plan);
  const drawing = svg("svg", { viewBox: "0 0 " + width + " " + height, height, "aria-hidden": "true" });
  for (let a = 0; a <= most; a += tick) {
    drawing.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(a), y2: y(a) }));
    drawing.append(svg("text", { x: left - 8, y: y(a) + 4, "text-anchor": "end" }, a === most ? a + "\u00a0A" : a));
  }
  const every = width < 420 ? 6 : 3;
  const hour = new Date(from);
  hour.setMinutes(0, 0, 0);
  for (; hour <= until; hour.setHours(hour.getHours() + 1)) {
    if (hour < from || hour.getHours() % every) continue;
    drawing.append(svg("line", { class: "grid", x1: x(hour), x2: x(hour), y1: height - bottom, y2: height - bottom + 5 }));
    if (x(hour) < width - 24 && x(hour) > left + 10) {
      drawing.append(svg("text", { x: x(hour), y: height - 4, "text-anchor": "middle" }, clock(hour)));
    }
  }
  const limit = trace(plan.limit);
  const area = limit.replaceAll("M", "L").replace("L", "M");
  if (limit) drawing.append(svg("path", { class: "area", d: area + "V" + y(0) + "H" + x(from) + "Z" }));
  drawing.append(svg("path", { class: "edge", d: limit }));
  plan.sources.forEach((source, index) => {
    drawing.append(svg("path", { class: "source", d: trace(source.points), "stroke-dasharray": DASHES[index % DASHES.length] }));
  });
  plan.sources.forEach((source, index) => {
    const at = from + (until - from) * (0.06 + 0.88 * (index + 0.5) / plan.sources.length);
    const point = source.points.filter(([, a]) => a !== null);
    if (!point.length) return;
    const a = valueAt(source.points, at);
    const where = a === null ? Math.max(from, Date.parse(point[0][0])) + (until - from) / 40 : at;
    drawing.append(svg("text", { class: "mark", x: x(where), y: y(a ?? point[0][1]) + 4, "text-anchor": "middle" }, letter(index)));
  });
  box.replaceChildren(drawing);
  put(byId("ahead-words"), words);
  byId("legend").replaceChildren(...legend(plan));
  byId("ahead-rows").replaceChildren(...steps(plan).map((step) => el("tr", {},
    el("td", {}, step.from > from ? clockAfter(step.from, from) : t("ahead.at_once")),
    el("td", { className: "number" }, step.a < 6 ? t("why.pause") : amps(step.a)),
    el("td", {}, step.by))));
}

const letter = (index) => String.fromCharCode(65 + index);

function legend(plan) {
  const item = (line, name) => {
    const swatch = svg("svg", { viewBox: "0 0 34 10", height: 10, "aria-hidden": "true" });
    swatch.append(svg("path", { d: "M0 5H34", ...line }));
    return el("li", {}, swatch, name);
  };
  const items = plan.sources.map((source, index) => item(
    { class: "source", "stroke-dasharray": DASHES[index % DASHES.length] },
    el("span", {}, el("b", {}, letter(index)), " " + limiter(source).who)));
  return [item({ class: "edge" }, el("span", {}, t("limit"))), ...items];
}

// The first steps in a sentence, for everybody.
function aheadWords(plan) {
  const found = steps(plan);
  const name = (a) => a < 6 ? t("why.pause") : amps(a);
  const changes = found.filter((step, index) => index === 0 || step.a !== found[index - 1].a);
  if (changes.length === 1) return t("ahead.constant", { a: name(changes[0].a) });
  const then = changes.slice(1, 5).map((step) => t("ahead.then", { a: name(step.a), time: clockAfter(step.from, plan.from) }));
  return t("ahead.now", { a: name(changes[0].a), then: then.join(", ") }) + (changes.length > 5 ? " \u2026" : ".");
}
