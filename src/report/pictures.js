/* Heat maps, bars, drawings, masks, filters, images. */

/* ---- heat: a table whose cells are coloured ---- */

/* Two digits, or as many as fit a cell that also has a sign; "" where a change rounds to nothing. */
function short(value, signed) {
  const size = Math.abs(value), text = size >= 9.95 ? value.toFixed(0) : signed ? value.toFixed(1) : size < 0.005 ? "0" : value.toPrecision(2);
  return !signed ? text : size < 0.05 ? "" : value > 0 ? "+" + text : text;
}

/* `most`: the largest size of all that are signed; 0: values are from 0 to 100. */
function heatCell(value, row, column, most) {
  const share = (value ?? 0) / (most || 100);
  const classes = [Math.abs(share) > 0.65 ? "strong" : "", share < 0 ? "less" : ""].join(" ").trim();
  const td = element("td", { className: classes, title: `${row}, ${column}: ${format(value)} ${most ? "points" : "%"}` },
    value === null ? "" : short(value, most > 0));
  td.style.setProperty("--value", Math.abs(share));
  return td;
}

function heat(chart) {
  const sheet = sheets.get(chart.sheets[0]);
  const names = sheet.columns.slice(1).map((column) => column.label);
  const most = chart.signed ? Math.max(1e-9, ...sheet.rows.flatMap((row) => row.slice(1).map(Math.abs))) : 0;
  const slanted = names.some((name) => name.length > 7);
  const many = names.length > 24;
  const head = element("tr", {}, element("th", {}), ...names.map((name) => element("th", { scope: "col" }, element("span", {}, name))));
  const rows = sheet.rows.map(([name, ...values]) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...values.map((value, i) => heatCell(value, name, names[i], most))));
  const grid = element("table", { id: chart.id, className: `heat${slanted ? " slanted" : ""}${many ? " dense" : ""}` },
    element("thead", {}, head), element("tbody", {}, ...rows));
  const node = element("div", { className: "chart" }, element("h3", {}, chart.title), element("p", {}, chart.note),
    element("div", { className: "scroll" }, grid), saveButton(sheet));
  return { node };
}

/* ---- bars: a table with a bar behind each number ---- */

function barCell(value, most, name) {
  const bar = element("span", { className: `bar ${name}` });
  bar.style.width = `${(100 * (value ?? 0)) / most}%`;
  return element("td", {}, element("div", {}, bar, element("span", {}, format(value, false))));
}

function bars(chart) {
  const sheet = sheets.get(chart.sheets[0]);
  const most = Math.max(1e-300, ...sheet.rows.flatMap((row) => row.slice(1)));
  const head = sheet.columns.map((column) => element("th", { scope: "col", className: "text" }, column.label));
  const rows = sheet.rows.map(([name, ...values]) =>
    element("tr", {}, element("th", { scope: "row", className: "text" }, name), ...values.map((value, i) => barCell(value, most, sheet.columns[i + 1].name))));
  const grid = element("table", { id: chart.id, className: "bars" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
  const node = element("div", { className: "chart" }, element("h3", {}, chart.title), element("p", {}, chart.note),
    element("div", { className: "scroll" }, grid), saveButton(sheet));
  return { node };
}

/* ---- drawings ---- */

/* SVG as it came; what it shows of names is text within it. */
function drawing(d) {
  const svg = new DOMParser().parseFromString(d.svg, "image/svg+xml").documentElement;
  const address = () => "data:image/svg+xml;charset=utf-8," + encodeURIComponent(d.svg);
  const button = element("button", { className: "save", type: "button", onclick: () => save(d.id + ".svg", address()) }, d.id + ".svg");
  return element("div", { className: "drawing" }, element("p", { className: "note" }, `The network, ${d.level}`), element("div", { className: "scroll" }, document.importNode(svg, true)), button);
}

/* ---- images that turned ---- */

function turnedPicture(p) {
  const zoom = Math.max(1, Math.floor(64 / Math.max(p.width, p.height)));
  const title = `test image ${p.image}: ${p.label}, which the dense network said; now ${p.answer}`;
  const img = element("img", { src: "data:image/png;base64," + p.png, width: p.width * zoom, height: p.height * zoom, alt: title, title });
  return element("figure", { className: "turned" }, img, element("figcaption", {}, element("b", {}, p.label), ` → ${p.answer}`));
}

function turned() {
  const sheet = sheets.get("turned");
  if (sheet.rows.length === 0) return;
  inside("turned").append(table(sheet), saveButton(sheet));
  for (const { series, pictures: mine } of report.turned)
    if (mine.length > 0)
      inside("turned").append(element("div", { className: "network" }, element("h3", {}, report.series[series]),
        element("div", { className: "gallery" }, ...mine.map(turnedPicture))));
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
    const drawn = report.drawings.filter((d) => d.series === series).map(drawing);
    if (mine.length === 0 && drawn.length === 0) return;
    const gallery = (kind) => element("div", { className: "gallery" }, ...mine.filter((p) => p.kind === kind).map(picture));
    inside("pictures").append(element("div", { className: "network" }, element("h3", {}, name), ...drawn, gallery("filters"), gallery("mask")));
  });
}
