/* Reads the report from #data; its tables as HTML and CSV. */
"use strict";

const report = JSON.parse(document.getElementById("data").textContent);
const sheets = new Map(report.sheets.map((sheet) => [sheet.id, sheet]));

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
  const width = value.length > 48 || value.includes("\n") ? "long" : value.length > 12 ? "nowrap" : "short";
  return element("td", { className: "text " + width }, value);
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
