/* Charts drawn by Chart.js, in the colours of the page. */
const drawn = []; // { chart, paint }: charts, and how each takes on the colours of the page
const samples = []; // how each sample in a legend does

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

/* The largest such number that is not above the value; undefined where there is none. */
function tickBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return value > 0 ? power * [5, 2, 1].find((d) => d * power <= value) : undefined;
}

function axis(of) {
  const log = of.scale === "log";
  return {
    type: log ? "logarithmic" : "linear",
    title: { display: true, text: of.label },
    grid: {},
    min: of.min,
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

/* How a section's legend shows a series: as its charts draw it. */
const plainSample = () => ({ dash: [] });
const samplesOf = {
  accuracy: (series) => ({ dash: dash(series), shape: shape(series) }),
  paper: (series) => ({ dash: [], shape: shape(series) }),
  training: plainSample,
  weights: plainSample,
};

/* One legend for all charts of a section, with the series that they draw. */
function seriesLegend(handles, sample) {
  const entries = report.series.map((text, series) => ({ text, series, ...sample(series), matches: (d) => d.series === series }))
    .filter(({ matches }) => handles.some(({ datasets }) => datasets.some(matches)));
  return report.series.length > 1 ? legend(entries, handles) : "";
}

/* A card with a canvas, which draws once it is in the page. */
function card(chart, datasets, entries, label, paintDataset) {
  const handle = { datasets, chart: null, draw: null };
  const canvas = element("canvas", { id: chart.id, role: "img", ariaLabel: `${chart.title}: ${chart.y.label} over ${chart.x.label}` });
  const png = element("button", { className: "save", type: "button", onclick: () => save(chart.id + ".png", handle.chart.toBase64Image()) }, chart.id + ".png");
  handle.node = element("div", { className: "chart" }, element("h3", {}, chart.title), element("p", {}, chart.note),
    element("div", { className: "canvas" }, canvas), entries.length > 0 ? legend(entries, [handle]) : "",
    ...chart.sheets.map((id) => folded(sheets.get(id))), png);
  handle.draw = () => {
    const paint = () => datasets.forEach(paintDataset);
    paint();
    const marked = chart.marks ? [marksOf(sheets.get(chart.marks))] : [];
    handle.chart = new Chart(canvas, { type: "line", data: { datasets }, options: options(chart, label), plugins: marked });
    drawn.push({ chart: handle.chart, paint });
  };
  return handle;
}

/* ---- marks: where pruning happens ---- */

/* A plugin that draws them: over the whole height where a round begins, a tick where masks change in training. Rows of
   series that are hidden are left out; of marks whose names would overlap, the first is named. */
function marksOf(sheet) {
  const marks = records(sheet).map((r) => ({ ...r, series: report.series.indexOf(r.series) }));
  const draw = (chart) => {
    const c = chart.ctx, { top, bottom, left, right } = chart.chartArea;
    const shown = new Set(chart.data.datasets.filter((d, i) => chart.isDatasetVisible(i)).map((d) => d.series));
    let free = left; // of names, from here on
    c.save();
    c.font = "10px sans-serif";
    c.lineWidth = 1;
    for (const mark of marks.filter((m) => shown.has(m.series)).sort((a, b) => a.epoch - b.epoch)) {
      const x = chart.scales.x.getPixelForValue(mark.epoch), round = mark.what !== "";
      if (x < left || x > right) continue;
      c.strokeStyle = c.fillStyle = report.series.length > 1 ? seriesColour(mark.series) : colour("--quiet");
      c.setLineDash(round ? [2, 3] : []);
      c.beginPath();
      c.moveTo(x, round ? top : bottom - 6);
      c.lineTo(x, bottom);
      c.stroke();
      const width = c.measureText(mark.what).width;
      if (!round || x + 3 < free || x + 3 + width > right) continue;
      c.fillText(mark.what, x + 3, top + 9);
      free = x + width + 9;
    }
    c.restore();
  };
  return { id: "marks", beforeDatasetsDraw: draw };
}

/* ---- band: means with their spread, and every seed ---- */

function bandPoints(chart, series) {
  const [means, seeds] = chart.sheets.map((id) => sheets.get(id));
  const [x, mean, sd] = means.columns.slice(3).map((column) => column.name);
  const value = seeds.columns[5].name;
  const of = (sheet) => records(sheet).filter((r) => r.series === series && r[x] !== null);
  return {
    means: of(means).map((r) => ({ ...r, x: r[x], y: r[mean], sd: r[sd] })),
    seeds: of(seeds).map((r) => ({ ...r, x: r[x], y: r[value] })),
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
    const x = `${chart.x.label}: ${format(p.x)}`, unit = chart.y.unit && ` ${chart.y.unit}`;
    if (p.run !== undefined) return [`${p.series}, seed ${p.seed}`, p.run, `${chart.y.name} ${format(p.y)}${unit}`, x];
    const sd = p.sd === null ? "" : ` ± ${format(p.sd)}`;
    return [`${p.series}, ${p.level}`, `${chart.y.name} ${format(p.y)}${sd}${unit} (${p.seeds} seed${p.seeds === 1 ? "" : "s"})`, x];
  };
}

/* Networks that no other beats, joined by steps: what is to the right of one is no better until the next. */
function frontDataset(chart) {
  const sheet = sheets.get(chart.sheets[2]);
  const data = sheet.rows.map(([x, y, series, level]) => ({ x, y, sd: null, series, level, seeds: null }));
  return { part: "front", data, stepped: "before", pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0, borderWidth: 3, order: 1, label: "" };
}

function band(chart) {
  const datasets = report.series.flatMap((name, series) => bandDatasets(chart, name, series));
  if (chart.sheets.length > 2) datasets.push(frontDataset(chart));
  return card(chart, datasets, [], bandLabel(chart), (dataset) => {
    const ink = dataset.part === "front" ? faint(colour("--quiet"), 0.35) : seriesColour(dataset.series);
    dataset.borderColor = dataset.pointBorderColor = ink;
    dataset.backgroundColor = dataset.part === "band" ? faint(ink, 0.16) : ink;
    dataset.pointBackgroundColor = dataset.part === "seeds" ? "transparent" : ink;
  });
}

/* ---- beside: two curves of each series, such as ours and those of a paper ---- */

const besideDashes = [[], [7, 4]];

function besideDatasets(chart, series) {
  const sheet = sheets.get(chart.sheets[0]);
  const [x, y] = sheet.columns.slice(2, 4).map((column) => column.name);
  return chart.whose.flatMap((name, i) => {
    const points = records(sheet).filter((r) => r.series === report.series[series] && r.whose === name && r[y] !== null)
      .map((r) => ({ ...r, x: r[x], y: r[y], sd: r.sd_points }));
    const bars = points.flatMap((p) => (p.sd === null ? [] : [{ x: p.x, y: p.y - p.sd }, { x: p.x, y: p.y + p.sd }, { x: p.x, y: NaN }]));
    const common = { series, whose: name, label: report.series[series] };
    return [
      { ...common, part: "bars", data: bars, pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0, borderWidth: 1 },
      { ...common, part: "mean", data: points, borderDash: besideDashes[i], pointStyle: shape(series), pointRadius: i === 0 ? 5 : 3.5, pointHoverRadius: 7, borderWidth: 2 },
    ];
  });
}

function besideLabel(chart) {
  return (p) => {
    const sd = p.sd === null ? "" : ` ± ${format(p.sd)}`;
    return [`${p.series}, ${p.whose}${p.source ? ": " + p.source : ""}`, `${chart.y.label}: ${format(p.y)}${sd}`, `${chart.x.label}: ${format(p.x)}`];
  };
}

function beside(chart) {
  const datasets = report.series.flatMap((name, series) => besideDatasets(chart, series)).filter((d) => d.data.length > 0);
  const entries = chart.whose.map((name, i) => ({ text: name, series: 6, dash: besideDashes[i], matches: (d) => d.whose === name }));
  return card(chart, datasets, entries, besideLabel(chart), (dataset) => {
    dataset.borderColor = dataset.pointBorderColor = seriesColour(dataset.series);
    dataset.backgroundColor = dataset.pointBackgroundColor = dataset.whose === chart.whose[0] ? seriesColour(dataset.series) : colour("--card");
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
  const longest = Math.max(...runs.map((rows) => rows.length));
  const datasets = runs.flatMap((rows) => columns.map((column, i) => ({
    series: report.series.indexOf(rows[0].series),
    column,
    data: rows.map((r) => ({ ...r, x: r[chart.x.column], y: r[column], column })).filter((p) => p.y !== null),
    borderDash: dashes[i],
    borderWidth: runs.length > 6 ? 1.1 : 1.8,
    pointHoverRadius: 4,
    pointHitRadius: 6,
    stepped: chart.stepped ? "before" : false,
  })));
  for (const d of datasets) d.pointRadius = d.data.length === longest && longest > 1 ? 0 : 3.5;
  if (chart.y.scale === "log") chart.y.min = tickBelow(Math.min(...datasets.flatMap((d) => d.data.map((p) => p.y))));
  const entries = columns.length < 2 ? [] : columns.map((column, i) => ({ text: label(column), series: 6, dash: dashes[i], matches: (d) => d.column === column }));
  const where = (p) => `${p.stage === undefined ? "" : `stage ${p.stage}, `}${chart.x.label}: ${format(p.x)}`;
  const tip = (p) => [p.seed === undefined ? p.series : `${p.series}, seed ${p.seed}`, p.run ?? p.layer, where(p), `${label(p.column)}: ${format(p.y)}`];
  return card(chart, datasets, entries, tip, (dataset) => {
    dataset.borderColor = dataset.pointBorderColor = dataset.pointBackgroundColor = seriesColour(dataset.series);
  });
}
