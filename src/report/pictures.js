/* Heat maps, masks and filters. */

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
