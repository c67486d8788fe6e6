/* Draws the page from the JSON in #data: tables as HTML, charts by Chart.js. */
"use strict";

const report = JSON.parse(document.getElementById("data").textContent);
const sheets = new Map(report.sheets.map((sheet) => [sheet.id, sheet]));
const drawn = []; // { chart, paint }: charts, and how each takes on the colours of the page
const samples = []; // how each sample in a legend does

/* ---- small things ---- */

function element(name, properties = {}, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

/* A section's element; its heading stays first. */
const inside = (id, selector = "") => document.querySelector(`#${id} ${selector}`.trim());

/* `whole`: the numbers it stands among are integers. */
function format(value, whole = Number.isInteger(value)) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  if (whole || value === 0) return String(value);
  const size = Math.abs(value);
  if (size >= 1e5) return value.toFixed(0);
  if (size >= 100) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return size < 1e-4 ? value.toExponential(1) : value.toPrecision(2);
}

const columnOf = (sheet, name) => sheet.columns.findIndex((column) => column.name === name);

/* The rows of a sheet as objects. */
function records(sheet) {
  return sheet.rows.map((row) => Object.fromEntries(sheet.columns.map((column, i) => [column.name, row[i]])));
}

function save(name, url) {
  element("a", { href: url, download: name }).click();
}

function csv(sheet) {
  const quoted = (cell) => {
    const text = cell === null ? "" : String(cell).replaceAll(/[\n\r]/g, " ");
    return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [sheet.columns.map((column) => column.name), ...sheet.rows];
  return lines.map((line) => line.map(quoted).join(",")).join("\n") + "\n";
}

function saveButton(sheet) {
  const address = () => "data:text/csv;charset=utf-8," + encodeURIComponent(csv(sheet));
  return element("button", { className: "save", type: "button", onclick: () => save(sheet.id + ".csv", address()) }, sheet.id + ".csv");
}

/* ---- tables ---- */

/* Columns that hold anything. */
function filled(sheet) {
  return sheet.columns.map((column, i) => i).filter((i) => sheet.rows.some((row) => row[i] !== null && row[i] !== ""));
}

function cell(value, whole) {
  if (typeof value !== "string") return element("td", {}, format(value, whole));
  if (/^[0-9a-f]{64}$/.test(value)) return element("td", { className: "text nowrap", title: value }, value.slice(0, 12) + "…");
  return element("td", { className: value.length > 48 || value.includes("\n") ? "text long" : "text nowrap" }, value);
}

/* With `group`, the first columns' texts stand in a row of their own above the rows that share them. */
function table(sheet, group = 0) {
  const shown = filled(sheet).filter((i) => i >= group);
  const isText = (i) => sheet.rows.some((row) => typeof row[i] === "string");
  const whole = sheet.columns.map((column, i) => sheet.rows.every((row) => row[i] === null || Number.isInteger(row[i])));
  const head = shown.map((i) => element("th", { className: isText(i) ? "text" : "", scope: "col" }, sheet.columns[i].label));
  let last = "";
  const rows = sheet.rows.flatMap((row) => {
    const name = row.slice(0, group).join(" against ");
    const above = name === last ? [] : [element("tr", { className: "group" }, element("th", { className: "text", colSpan: shown.length, scope: "rowgroup" }, name))];
    last = name;
    return [...above, element("tr", {}, ...shown.map((i) => cell(row[i], whole[i])))];
  });
  return element("div", { className: "scroll" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}

/* The table behind a chart, made when it is opened: most never are. */
function folded(sheet) {
  const details = element("details", {}, element("summary", {}, "Table: " + sheet.id));
  details.addEventListener("toggle", () => {
    if (details.childElementCount === 1) details.append(saveButton(sheet), table(sheet));
  });
  return details;
}

function spread(mean, sd, seeds) {
  return seeds > 1 ? `${format(mean, false)} ± ${format(sd, false)} (${seeds})` : `${format(mean, false)} (1)`;
}

/* The rows of a table of tests, grouped by who is compared, with several columns joined; all are in the file. */
function tests(id, names, a, b) {
  const sheet = sheets.get(id);
  if (!sheet || sheet.rows.length === 0) return null;
  const rows = records(sheet).map((r) => [
    ...names(r), r.level_b, spread(r.mean_a_percent, r.sd_a_percent, r.seeds_a), spread(r.mean_b_percent, r.sd_b_percent, r.seeds_b),
    r.difference_percent, r.standard_error_percent, r.t, r.degrees_of_freedom, r.p_holm, r.verdict,
  ]);
  const group = names({}).length;
  const key = (row) => row.slice(0, group).join("\n");
  rows.sort((x, y) => (key(x) < key(y) ? -1 : Number(key(x) > key(y))));
  const labels = ["sparsity", a + ": mean ± sd (seeds), %", b + ": mean ± sd (seeds), %", "difference, % points", "standard error", "t",
    "degrees of freedom", "p (Holm)", "verdict"];
  const columns = [...names({}), ...labels].map((label) => ({ label }));
  return element("div", {}, table({ columns, rows }, group), saveButton(sheet));
}

/* ---- colours ---- */

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const seriesColour = (series) => colour(`--series-${(series % 8) + 1}`);
const faint = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
/* In grey, series differ by these. */
const shapes = ["circle", "rect", "triangle", "rectRot", "crossRot", "star", "rectRounded", "cross"];
const dashes = [[], [7, 4], [2, 3], [9, 3, 2, 3], [12, 4]];
const shape = (series) => shapes[series % shapes.length];
const dash = (series) => dashes[series % dashes.length];

function repaint() {
  for (const paint of samples) paint();
  for (const { chart, paint } of drawn) {
    for (const axis of Object.values(chart.options.scales)) {
      axis.grid.color = axis.grid.borderColor = colour("--line");
      axis.ticks.color = axis.title.color = colour("--quiet");
    }
    paint();
    chart.update("none");
  }
}

/* ---- charts ---- */

/* 1, 2 and 5 times a power of ten have a label, if there is room. */
function logTick(value) {
  const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5].some((d) => Math.abs(digit - d) < 1e-6) ? String(Number(value.toPrecision(1))) : "";
}

function axis(of) {
  const log = of.scale === "log";
  return {
    type: log ? "logarithmic" : "linear",
    title: { display: true, text: of.label },
    grid: {},
    ticks: log ? { callback: logTick, autoSkip: false, maxRotation: 0 } : {},
  };
}

function options(chart, label) {
  return {
    animation: false,
    maintainAspectRatio: false,
    spanGaps: false,
    scales: { x: axis(chart.x), y: axis(chart.y) },
    interaction: { mode: "nearest", intersect: true },
    elements: { point: { hitRadius: 12 } },
    plugins: { legend: { display: false }, tooltip: { displayColors: false, callbacks: { title: () => "", label: (item) => label(item.raw) } } },
  };
}

/* A sample of a series' line and points, as the legend shows it. */
function paintSample(canvas, series, lineDash, pointStyle) {
  const c = canvas.getContext("2d");
  c.reset();
  c.scale(2, 2);
  c.strokeStyle = c.fillStyle = seriesColour(series);
  c.lineWidth = 2;
  c.setLineDash(lineDash);
  c.beginPath();
  c.moveTo(0, 7);
  c.lineTo(28, 7);
  c.stroke();
  c.setLineDash([]);
  if (pointStyle) Chart.helpers.drawPoint(c, { pointStyle, radius: 4.5, rotation: 0, borderWidth: 2 }, 14, 7);
}

/* Entries { text, series, dash, shape, matches(dataset) }, for the charts of `handles`; a click shows or hides. */
function legend(entries, handles) {
  const list = element("ul", { className: "legend" });
  for (const entry of entries) {
    const canvas = element("canvas", { width: 56, height: 28 });
    const button = element("button", { type: "button", ariaPressed: "true" }, canvas, entry.text);
    samples.push(() => paintSample(canvas, entry.series, entry.dash, entry.shape));
    button.addEventListener("click", () => {
      const show = button.ariaPressed !== "true";
      button.ariaPressed = String(show);
      for (const { chart } of handles) {
        chart.data.datasets.forEach((dataset, i) => entry.matches(dataset) && chart.setDatasetVisibility(i, show));
        chart.update("none");
      }
    });
    list.append(element("li", {}, button));
  }
  return list;
}

/* One legend for all charts of a section. */
function seriesLegend(handles, styled) {
  const style = (series) => (styled ? { dash: dash(series), shape: shape(series) } : { dash: [] });
  const entries = report.series.map((text, series) => ({ text, series, ...style(series), matches: (d) => d.series === series }));
  return report.series.length > 1 ? legend(entries, handles) : "";
}

/* A card with a canvas, which draws once it is in the page. */
function card(chart, datasets, entries, label, paintDataset) {
  const handle = { chart: null, draw: null };
  const canvas = element("canvas", { id: chart.id, role: "img", ariaLabel: `${chart.title}: ${chart.y.label} over ${chart.x.label}` });
  const png = element("button", { className: "save", type: "button", onclick: () => save(chart.id + ".png", handle.chart.toBase64Image()) }, chart.id + ".png");
  handle.node = element("div", { className: "chart" }, element("h3", {}, chart.title), element("p", {}, chart.note),
    element("div", { className: "canvas" }, canvas), entries.length > 0 ? legend(entries, [handle]) : "",
    ...chart.sheets.map((id) => folded(sheets.get(id))), png);
  handle.draw = () => {
    const paint = () => datasets.forEach(paintDataset);
    paint();
    handle.chart = new Chart(canvas, { type: "line", data: { datasets }, options: options(chart, label) });
    drawn.push({ chart: handle.chart, paint });
  };
  return handle;
}

/* ---- band: means with their spread, and every seed ---- */

function bandPoints(chart, series) {
  const [means, seeds] = chart.sheets.map((id) => sheets.get(id));
  const x = means.columns[columnOf(means, "accuracy_mean_percent") - 1].name;
  const of = (sheet) => records(sheet).filter((r) => r.series === series && r[x] !== null);
  return {
    means: of(means).map((r) => ({ ...r, x: r[x], y: r.accuracy_mean_percent, sd: r.accuracy_sd_percent })),
    seeds: of(seeds).map((r) => ({ ...r, x: r[x], y: r.accuracy_percent })),
  };
}

function bandDatasets(chart, name, series) {
  const { means, seeds } = bandPoints(chart, name);
  const known = means.filter((p) => p.sd !== null);
  const edge = (sign) => known.map((p) => ({ x: p.x, y: p.y + sign * p.sd }));
  const bars = known.flatMap((p) => [{ x: p.x, y: p.y - p.sd }, { x: p.x, y: p.y + p.sd }, { x: p.x, y: NaN }]);
  const quiet = { pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0 };
  return [
    { part: "edge", data: edge(-1), ...quiet, borderWidth: 0 },
    { part: "band", data: edge(1), ...quiet, borderWidth: 0, fill: chart.joined ? "-1" : false },
    { part: "bars", data: bars, ...quiet, borderWidth: 1.5 },
    { part: "seeds", data: seeds, showLine: false, pointRadius: 2.2, pointHoverRadius: 5, pointHitRadius: 3, borderWidth: 1 },
    { part: "mean", data: means, pointRadius: 4.5, pointHoverRadius: 7, borderWidth: 2, pointStyle: shape(series), borderDash: dash(series), showLine: chart.joined },
  ].map((dataset) => ({ ...dataset, series, label: name }));
}

function bandLabel(chart) {
  return (p) => {
    const x = `${chart.x.label}: ${format(p.x)}`;
    if (p.run !== undefined) return [`${p.series}, seed ${p.seed}`, p.run, `accuracy ${format(p.y)} %`, x];
    const sd = p.sd === null ? "" : ` ± ${format(p.sd)}`;
    return [`${p.series}, ${p.level}`, `accuracy ${format(p.y)}${sd} % (${p.seeds} seed${p.seeds === 1 ? "" : "s"})`, x];
  };
}

function band(chart) {
  const datasets = report.series.flatMap((name, series) => bandDatasets(chart, name, series));
  return card(chart, datasets, [], bandLabel(chart), (dataset) => {
    const ink = seriesColour(dataset.series);
    dataset.borderColor = dataset.pointBorderColor = ink;
    dataset.backgroundColor = dataset.part === "band" ? faint(ink, 0.16) : ink;
    dataset.pointBackgroundColor = dataset.part === "seeds" ? "transparent" : ink;
  });
}

/* ---- lines: a line per run and column ---- */

function runsOf(sheet) {
  const runs = new Map();
  for (const r of records(sheet)) {
    const key = JSON.stringify([r.series, r.run, r.seed]);
    if (!runs.has(key)) runs.set(key, []);
    runs.get(key).push(r);
  }
  return [...runs.values()];
}

function lines(chart) {
  const sheet = sheets.get(chart.sheets[0]);
  const label = (name) => sheet.columns[columnOf(sheet, name)].label;
  const columns = chart.y.columns.filter((name) => sheet.rows.some((row) => row[columnOf(sheet, name)] !== null));
  const runs = runsOf(sheet);
  const datasets = runs.flatMap((rows) => columns.map((column, i) => ({
    series: report.series.indexOf(rows[0].series),
    column,
    data: rows.map((r) => ({ ...r, x: r[chart.x.column], y: r[column], column })).filter((p) => p.y !== null),
    borderDash: dashes[i],
    borderWidth: runs.length > 6 ? 1.1 : 1.8,
    pointRadius: rows.length === 1 ? 3 : 0,
    pointHoverRadius: 4,
    pointHitRadius: 6,
  })));
  const entries = columns.length < 2 ? [] : columns.map((column, i) => ({ text: label(column), series: 6, dash: dashes[i], matches: (d) => d.column === column }));
  const tip = (p) => [`${p.series}, seed ${p.seed}`, p.run, `stage ${p.stage}, epoch ${p.x}`, `${label(p.column)}: ${format(p.y)}`];
  return card(chart, datasets, entries, tip, (dataset) => {
    dataset.borderColor = dataset.pointBorderColor = dataset.pointBackgroundColor = seriesColour(dataset.series);
  });
}

/* ---- heat: a table whose cells are coloured ---- */

function heatCell(value, row, column) {
  const td = element("td", { className: value > 65 ? "strong" : "", title: `${row}, ${column}: ${format(value)} %` },
    value === null ? "" : value >= 99.95 ? "100" : value >= 10 ? value.toFixed(0) : value === 0 ? "0" : value.toPrecision(2));
  td.style.setProperty("--value", (value ?? 0) / 100);
  return td;
}

function heat(chart) {
  const sheet = sheets.get(chart.sheets[0]);
  const names = sheet.columns.slice(1).map((column) => column.label);
  const slanted = names.some((name) => name.length > 7);
  const many = names.length > 24;
  const head = element("tr", {}, element("th", {}), ...names.map((name) => element("th", { scope: "col" }, element("span", {}, name))));
  const rows = sheet.rows.map(([name, ...values]) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...values.map((value, i) => heatCell(value, name, names[i]))));
  const grid = element("table", { id: chart.id, className: `heat${slanted ? " slanted" : ""}${many ? " dense" : ""}` },
    element("thead", {}, head), element("tbody", {}, ...rows));
  const node = element("div", { className: "chart" }, element("h3", {}, chart.title), element("p", {}, chart.note),
    element("div", { className: "scroll" }, grid), saveButton(sheet));
  return { node };
}

/* ---- pictures ---- */

function picture(p) {
  /* Each pixel is a weight: large enough to see, small enough for the page. */
  const zoom = Math.max(1, Math.min(10, Math.floor(560 / p.width), Math.floor(200 / p.height)));
  const img = element("img", { src: "data:image/png;base64," + p.png, width: p.width * zoom, height: p.height * zoom, alt: `${p.kind} of ${p.layer}, ${p.level}` });
  const caption = element("figcaption", {}, element("b", {}, p.layer), ` ${p.kind === "filters" ? "filters, " : ""}${p.level}: ${p.note}`);
  return element("figure", { className: p.kind }, caption, img);
}

function pictures() {
  report.series.forEach((name, series) => {
    const mine = report.pictures.filter((p) => p.series === series);
    if (mine.length === 0) return;
    const gallery = (kind) => element("div", { className: "gallery" }, ...mine.filter((p) => p.kind === kind).map(picture));
    inside("pictures").append(element("div", { className: "network" }, element("h3", {}, name), gallery("filters"), gallery("mask")));
  });
}

/* ---- the page ---- */

const kinds = { band, lines, heat };
const places = [["accuracy-epochs", "training"], ["loss", "training"], ["learning-rate", "training"], ["accuracy", "accuracy"],
  ["density", "density"], ["confusion", "confusion"]];

function charts() {
  const handles = new Map(); // of the charts in each place
  for (const chart of report.charts) {
    const made = kinds[chart.kind](chart);
    const [, place] = places.find(([prefix]) => chart.id.startsWith(prefix));
    inside(place, ".charts").append(made.node);
    if (made.draw) handles.set(place, [...(handles.get(place) ?? []), made]);
  }
  for (const [place, made] of handles) {
    inside(place, ".charts").before(seriesLegend(made, place === "accuracy"));
    for (const one of made) one.draw();
  }
}

function configuration() {
  const differences = sheets.get("configuration-differences");
  if (differences.rows.length > 0) inside("configuration").append(element("h3", {}, "Keys that differ"), table(differences), saveButton(differences));
  const lines = [];
  let section = "";
  for (const [key, value] of sheets.get("configuration").rows) {
    const [name, ...rest] = key.split(".");
    if (name !== section) lines.push(`${lines.length > 0 ? "\n" : ""}[${name}]`);
    section = name;
    lines.push(`${rest.join(".")} = ${value}`);
  }
  inside("configuration").append(element("h3", {}, differences.rows.length > 0 ? "Keys that all runs share" : "All keys"),
    element("pre", {}, lines.join("\n")));
}

function heading() {
  const plural = (n, word) => `${n} ${word}${n === 1 || word === "series" ? "" : "s"}`;
  const seeds = new Set(records(sheets.get("runs")).map((r) => r.seed)).size;
  document.title = report.title;
  inside("title").append(report.title);
  inside("summary").append(`${plural(report.runs, "run")}, ${plural(report.series.length, "series")}, ${plural(seeds, "seed")}. ` +
    (seeds === 1 ? "With one seed nothing can be concluded about which is better." : "A series is the runs that differ in seed only, or in sparsity where there is one round."));
  inside("missing").hidden = report.notes.length === 0;
  for (const note of report.notes) inside("missing", "ul").append(element("li", {}, note));
}

function comparison() {
  const costs = tests("pruning-costs", (r) => [r.series_b], "dense", "pruned");
  const differences = tests("differences", (r) => ["A: " + r.series_a, "B: " + r.series_b], "A", "B");
  for (const [id, node] of [["costs", costs], ["differences", differences]])
    if (node) inside(id).append(node);
    else inside(id).remove();
  if (!costs && !differences) inside("comparison").remove();
}

/* Sections that stayed empty go; the others are in the contents. */
function contents() {
  for (const section of document.querySelectorAll("main > section")) {
    const place = section.querySelector(":scope > .charts");
    if ((place && place.childElementCount === 0) || (section.id === "pictures" && report.pictures.length === 0)) section.remove();
    else if (!section.hidden) inside("contents").append(element("a", { href: "#" + section.id }, section.querySelector("h2").textContent));
  }
}

heading();
const results = sheets.get("results");
if (results.rows.length > 0) inside("results").append(table(results, 1), saveButton(results));
else inside("results").append(element("p", {}, "There are no results yet."));
comparison();
charts();
pictures();
configuration();
inside("runs").append(table(sheets.get("runs")), saveButton(sheets.get("runs")));
contents();
repaint();

for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", repaint);
/* A canvas does not follow the page to paper by itself. */
addEventListener("beforeprint", () => drawn.forEach(({ chart }) => chart.resize(660, 280)));
addEventListener("afterprint", () => drawn.forEach(({ chart }) => chart.resize()));
