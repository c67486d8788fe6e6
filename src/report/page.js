/* Puts the page together. */

const kinds = { band, beside, lines, heat, bars };
const places = [["accuracy-epochs", "training"], ["loss", "training"], ["learning-rate", "training"], ["sparsity-steps", "training"],
  ["accuracy", "accuracy"], ["early-stopping", "accuracy"], ["paper", "paper"], ["density", "density"], ["layer-", "layers"],
  ["sensitivity", "sensitivity"], ["histogram", "weights"], ["confusion", "confusion"]];

function charts() {
  const handles = new Map(); // of the charts in each place
  for (const chart of report.charts) {
    const made = kinds[chart.kind](chart);
    const [, place] = places.find(([prefix]) => chart.id.startsWith(prefix));
    inside(place, ".charts").append(made.node);
    if (made.draw) handles.set(place, [...(handles.get(place) ?? []), made]);
  }
  for (const [place, made] of handles) {
    inside(place, ".charts").before(seriesLegend(made, samplesOf[place]));
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

function resultTables() {
  const costs = sheets.get("image-costs");
  inside("results").append(table(results, 1), saveButton(results), element("h3", {}, "What an image costs"),
    element("p", {}, "Memory traffic: the weights that are left, and what layers read and write, each once, 4 bytes a number. Energy is an " +
      "estimate by the table of Horowitz (2014) for 45 nm: 4.6 pJ a multiply-add of floats, 640 pJ for 32 bits from DRAM; " +
      "caches and batches save much of the latter. Time × parameters below 1 is better than the dense network."),
    table(costs, 1), saveButton(costs));
}

/* Many classes stay folded. */
function classes() {
  const sheet = sheets.get("classes");
  if (sheet.rows.length > 0) inside("classes").append(...(sheet.rows.length > 60 ? [folded(sheet)] : [table(sheet, 1), saveButton(sheet)]));
}

/* A page that is followed comes back every few seconds; where it was scrolled to the browser keeps. */
function live() {
  if (!report.live) return;
  const sheet = sheets.get("live");
  inside("live").hidden = false;
  inside("live").append(sheet.rows.length > 0 ? table(sheet) : element("p", {}, "No run is at work at this moment."),
    element("p", { className: "note" }, `This page is written again while runs go on, and loads itself again every ${report.live.seconds.toFixed(0)} seconds.`));
  setTimeout(() => location.reload(), 1000 * report.live.seconds);
}

/* The table of a comparison is there, though a paper may have none of our sparsities. */
function paper() {
  const sheet = sheets.get("paper");
  if (sheet && sheet.rows.length > 0) inside("paper").append(table(sheet, 1), saveButton(sheet));
}

function comparison() {
  const costs = tests("pruning-costs", (r) => [r.series_b], "dense", "pruned");
  const differences = tests("differences", (r) => ["A: " + r.series_a, "B: " + r.series_b], "A", "B");
  for (const [id, node] of [["costs", costs], ["differences", differences]])
    if (node) inside(id).append(node);
    else inside(id).remove();
  if (!costs && !differences) inside("comparison").remove();
}

/* What sections without charts need. */
const needs = { pictures: [...report.pictures, ...report.drawings], turned: sheets.get("turned").rows, classes: sheets.get("classes").rows };

/* Sections that stayed empty go; the others are in the contents. */
function contents() {
  for (const section of document.querySelectorAll("main > section")) {
    const place = section.querySelector(":scope > .charts");
    if ((place && place.childElementCount === 0 && !section.querySelector("table")) || (needs[section.id]?.length === 0)) section.remove();
    else if (!section.hidden) inside("contents").append(element("a", { href: "#" + section.id }, section.querySelector("h2").textContent));
  }
}

heading();
live();
const results = sheets.get("results");
if (results.rows.length > 0) resultTables();
else inside("results").append(element("p", {}, "There are no results yet."));
comparison();
charts();
paper();
classes();
turned();
pictures();
configuration();
inside("runs").append(table(sheets.get("runs")), saveButton(sheets.get("runs")));
contents();
repaint();

for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", repaint);
/* A canvas does not follow the page to paper by itself. */
addEventListener("beforeprint", () => drawn.forEach(({ chart }) => chart.resize(330, 180)));
addEventListener("afterprint", () => drawn.forEach(({ chart }) => chart.resize()));
