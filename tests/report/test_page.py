#!/usr/bin/python3
"""What a person sees of a report, in a browser without a window: every chart is there and says what the files of the
runs say, nothing is logged or fetched, hovering shows values, and it fits a phone, the dark and paper.

usage: test_page.py ESPALIER [SCREENSHOTS]       SCREENSHOTS: a folder for pictures of the page, which take a few seconds"""

import csv
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.dont_write_bytecode = True
import browser

CONFIG = """[run]
threads = 1
[data]
dataset = shapes
train = 96
test = 60
validation = 16
path = </script><script>document.title = "broken"</script>
[train]
epochs = 2
batch = 32
[prune]
schedule = iterative
rounds = 2
sparsity = 0.8
retrain_epochs = 1
[model]
arch = custom
layers =
  conv 8 3x3 stride 4
  bn
  relu
  global_avgpool
  flatten
  linear classes
"""
METHODS, SEEDS = ("magnitude", "random"), (1, 2, 3)
BANDS = {"accuracy-sparsity": lambda r: 100 * r["sparsity"],
         "accuracy-compression": lambda r: r["weights"] / r["weights_nonzero"],
         "accuracy-bytes": lambda r: r["bytes"] / 1e3,
         "accuracy-macs": lambda r: r["macs_effective"] / 1e6,
         "accuracy-inference": lambda r: r["milliseconds_per_image"],
         "accuracy-training": None}
EARLY = "early-stopping"
# columns of log.csv, and what of the results at the ends of stages
LINES = {"loss": (["train_loss", "validation_loss"], "test_loss"),
         "accuracy-epochs": (["train_accuracy", "validation_accuracy"], "test_accuracy"),
         "learning-rate": (["lr"], None)}
PAPER_MOST = 12 # sheets that the page of these runs is printed on
STAGES = (2, 3, 4)  # epochs of the run after each


# What a paper says of one of the methods, at a sparsity that the runs have and one that they have not.
PAPER = """prune.method,sparsity,test_accuracy,sd,source
,0,50,0.4,dense
magnitude,0.8,45,0.3,<b>table</b> 1
magnitude,0.9,40,,
"""
THEIRS = [(0, 50), (80, 45), (90, 40)]


def close(a, b):
    return abs(a - b) <= 1e-6 * max(1.0, abs(a), abs(b))


def same(found, expected, what):
    found, expected = sorted(found), sorted(expected)
    assert len(found) == len(expected), f"{what}: {len(found)} values, expected {len(expected)}"
    for a, b in zip(found, expected):
        assert all(close(x, y) for x, y in zip(a, b)), f"{what}: {a}, expected {b}"


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def make_runs(command, folder):
    with open(os.path.join(folder, "net.ini"), "w", encoding="utf-8") as file:
        file.write(CONFIG)
    with open(os.path.join(folder, "paper.csv"), "w", encoding="utf-8") as file:
        file.write(PAPER)
    os.mkdir(os.path.join(folder, "sweep"))
    for method in METHODS:
        for seed in SEEDS:
            subprocess.run([command, "run", "net.ini", "-o", f"sweep/{method} & <b>{seed}", f"prune.method={method}",
                            f"run.seed={seed}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def results(folder):
    """The results of each run in order: dense, then the rounds."""
    found = {}
    for path in sorted(glob.glob(folder + "/sweep/*/result.json")):
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        found[os.path.dirname(path)] = [result["dense"], *result["rounds"]]
    return found


def datasets(page, chart, what):
    return page.evaluate(f"Chart.getChart('{chart}').data.datasets.filter((d) => {what})"
                         ".map((d) => d.data.map((p) => [p.x, p.y, p.sd ?? null]))")


def check_bands(page, runs):
    for chart, x_of in BANDS.items():
        points, levels = [], {}
        for dir_, rounds in runs.items():
            seconds = 0.0
            for level, r in enumerate(rounds):
                seconds += r["seconds"]
                x = x_of(r) if x_of else seconds
                points.append((x, 100 * r["test_accuracy"]))
                levels.setdefault((os.path.basename(dir_).split()[0], level), []).append(points[-1])
        same([p[:2] for d in datasets(page, chart, "d.part === 'seeds'") for p in d], points, chart)
        means = [(statistics.mean(x for x, _ in level), statistics.mean(y for _, y in level),
                  statistics.stdev(y for _, y in level)) for level in levels.values()]
        same([p for d in datasets(page, chart, "d.part === 'mean'") for p in d], means, chart + " means")


def check_early_stopping(page, runs):
    """The epoch of each stage with the least validation loss, the first of equals."""
    points, levels = [], {}
    for dir_, rounds in runs.items():
        log = table(dir_ + "/log.csv")
        for stage, r in enumerate(rounds):
            losses = [float(row["validation_loss"]) for row in log if row["stage"] == str(stage)]
            points.append((100 * r["sparsity"], 1 + losses.index(min(losses))))
            levels.setdefault((os.path.basename(dir_).split()[0], stage), []).append(points[-1])
    same([p[:2] for d in datasets(page, EARLY, "d.part === 'seeds'") for p in d], points, EARLY)
    means = [(level[0][0], statistics.mean(y for _, y in level), statistics.stdev(y for _, y in level))
             for level in levels.values()]
    same([p for d in datasets(page, EARLY, "d.part === 'mean'") for p in d], means, EARLY + " means")


def check_paper(page, runs):
    """Ours are the means over seeds of magnitude alone, since the paper knows nothing of the other."""
    mine = [rounds for dir_, rounds in runs.items() if os.path.basename(dir_).startswith("magnitude")]
    for chart, less in [("paper-accuracy", False), ("paper-change", True)]:
        ours = [(100 * level[0]["sparsity"],
                 statistics.mean(100 * (r["test_accuracy"] - less * rounds[0]["test_accuracy"]) for r, rounds in zip(level, mine)))
                for level in zip(*mine)]
        same([p[:2] for d in datasets(page, chart, "d.part === 'mean' && d.whose === 'ours'") for p in d], ours, chart)
        theirs = [(x, y - less * 50) for x, y in THEIRS]
        same([p[:2] for d in datasets(page, chart, "d.part === 'mean' && d.whose === 'paper'") for p in d], theirs, chart)
    text = page.evaluate("document.querySelector('#paper').textContent")
    assert "<b>table</b> 1" in text, "the source is not shown as it is"
    assert page.evaluate("document.querySelectorAll('#paper > .scroll tbody tr:not(.group)').length") == 2, "dense, and 80 %"


def check_lines(page, runs):
    for chart, (columns, at_end) in LINES.items():
        expected = []
        unit = 100 if chart == "accuracy-epochs" else 1
        for dir_, rounds in runs.items():
            for row, cells in enumerate(table(dir_ + "/log.csv")):
                expected += [(row + 1, unit * float(cells[c])) for c in columns]
            expected += [(epoch, unit * r[at_end]) for epoch, r in zip(STAGES, rounds) if at_end]
        same([p[:2] for d in datasets(page, chart, "true") for p in d], expected, chart)


def check_sparsity(page, runs):
    """Each round's pruning, then the sparsity at each end of an epoch."""
    expected = []
    for rounds in runs.values():
        dense, one, two = (100 * r["sparsity"] for r in rounds)
        expected += [(1, dense), (2, dense), (2, one), (3, one), (3, two), (4, two)]
    found = [p[:2] for d in datasets(page, "sparsity-steps", "true") for p in d]
    assert len(found) == len(expected)
    for a, b in zip(sorted(found), sorted(expected)):
        assert a[0] == b[0] and abs(a[1] - b[1]) < 1e-3, (a, b)


def check_before(page, runs):
    """Accuracy before and after retraining, each the mean of the seeds."""
    for when, name in (("after retraining", "test_accuracy"), ("before retraining", "test_accuracy_before")):
        expected = []
        for method in METHODS:
            mine = [rounds[1:] for dir_, rounds in runs.items() if os.path.basename(dir_).startswith(method)]
            expected += [(100 * level[0]["sparsity"], statistics.mean(100 * r[name] for r in level)) for level in zip(*mine)]
        same([p[:2] for d in datasets(page, "accuracy-before", f"d.part === 'mean' && d.whose === '{when}'") for p in d], expected, when)


def check_fronts(page):
    """No network is better in both; each that is left out is beaten by one of the front."""
    for chart in ("accuracy-bytes", "accuracy-macs", "accuracy-inference"):
        means = [p[:2] for d in datasets(page, chart, "d.part === 'mean'") for p in d]
        front = [p[:2] for d in datasets(page, chart, "d.part === 'front'") for p in d]
        assert front and all(a[0] < b[0] and a[1] < b[1] for a, b in zip(front, front[1:])), (chart, front)
        for x, y in means:
            assert [x, y] in front or any(a <= x and b >= y for a, b in front), (chart, x, y)


def check_bars(page, runs):
    """Multiply-adds of layers, dense and at the last level, in millions."""
    for number, method in enumerate(METHODS, start=1):
        rows = [r for dir_ in runs if os.path.basename(dir_).startswith(method) for r in table(dir_ + "/layers.csv")]
        sheet = page.evaluate(f"sheets.get('layer-macs-{number}').rows")
        for layer, *found in sheet:
            expected = [statistics.mean(float(r["macs_effective"]) / 1e6 for r in rows if r["layer"] == layer and r["round"] == round_)
                        for round_ in ("0", "2")]
            assert all(close(a, b) for a, b in zip(found, expected)), (layer, found, expected)
        assert [row[0] for row in sheet] == ["conv1", "linear1"]
        assert [row[0] for row in page.evaluate(f"sheets.get('layer-time-{number}').rows")] == ["conv1", "linear1", "other"]


def check_histograms(page, runs):
    """Of the 216 weights of the first layer all are there, then those that are left of the first seed's."""
    layers = table(next(iter(runs)) + "/layers.csv")
    left = [100 * float(r["density"]) for r in layers if r["layer"] == "conv1"]
    found = page.evaluate("[0, 1, 2].map((l) => records(sheets.get('histogram-1-1')).reduce((sum, r) => sum + r['level_' + l], 0))")
    assert all(abs(a - b) < 0.01 for a, b in zip(found, left)), (found, left)


def check_classes(page, runs):
    """Precision, recall and F1 of a class, from the confusion of classes."""
    mine = [dir_ for dir_ in runs if os.path.basename(dir_).startswith("magnitude")]
    counts = [(r["label"], r["answer"], int(r["images"])) for dir_ in mine for r in table(dir_ + "/confusion.csv") if r["round"] == "2"]
    rows = page.evaluate("records(sheets.get('classes')).filter((r) => r.series === 'magnitude')")
    assert len(rows) == 10
    for number, row in enumerate(rows):
        right = sum(n for label, answer, n in counts if label == answer == str(number))
        images, answers = (sum(n for r in counts if r[i] == str(number) for n in r[2:]) for i in (0, 1))
        assert row["images"] == images and close(row["recall_percent"], 100 * right / images)
        assert row["precision_percent"] is None if answers == 0 else close(row["precision_percent"], 100 * right / answers)
        assert close(row["f1_percent"], 200 * right / (images + answers))


def check_turned(page, runs):
    expected = 0
    for dir_ in runs:
        rows = table(dir_ + "/turned.csv")
        wrong = sum(r["label"] == r["answer_dense"] for r in rows)
        assert [wrong, len(rows) - wrong] in page.evaluate("sheets.get('turned').rows.map((row) => row.slice(3))")
        expected += wrong if dir_.endswith("1") else 0  # pictures are of the first seed of each series
    assert page.evaluate("[...document.querySelectorAll('.turned img')].filter((i) => i.naturalWidth === 32).length") == expected


def check_drawing(page):
    """A row for each layer, in a picture that is XML of its own."""
    for d in page.evaluate("report.drawings"):
        xml.etree.ElementTree.fromstring(d["svg"])
    texts = page.evaluate("[...document.querySelector('.drawing svg').querySelectorAll('text')].map((t) => t.textContent)")
    assert "conv 8 3x3 stride 4 · bn · relu" in texts and "linear classes" in texts, texts


def heat(page, chart):
    """The exact values: the cells show them rounded, their colours do not."""
    return page.evaluate(f"[...document.querySelectorAll('#{chart} tbody tr')].map((tr) => [...tr.querySelectorAll('td')]"
                         ".map((td) => 100 * td.style.getPropertyValue('--value')))")


def check_heat(page, runs):
    for number, method in enumerate(METHODS, start=1):
        mine = [dir_ for dir_ in runs if os.path.basename(dir_).startswith(method)]
        layers = {}
        confusion = {}
        for dir_ in mine:
            for row in table(dir_ + "/layers.csv"):
                layers.setdefault((row["layer"], int(row["round"])), []).append(100 * float(row["density"]))
            for row in table(dir_ + "/confusion.csv"):
                if row["round"] == "2":
                    key = int(row["label"]), int(row["answer"])
                    confusion[key] = confusion.get(key, 0) + int(row["images"])
        expected = [[statistics.mean(layers[layer, level]) for level in range(3)] for layer in ("conv1", "linear1")]
        found = heat(page, f"density-{number}")
        assert len(found) == 2 and all(close(a, b) for r, e in zip(found, expected) for a, b in zip(r, e)), (found, expected)
        assert page.evaluate(f"document.querySelectorAll('#confusion-change-{number} tbody td').length") == 100
        found = heat(page, f"confusion-{number}")
        assert len(found) == 10 and sum(confusion.values()) == 60 * len(SEEDS)
        for label, row in enumerate(found):
            images = sum(confusion.get((label, answer), 0) for answer in range(10))
            expected = [100 * confusion.get((label, answer), 0) / images for answer in range(10)]
            assert all(close(a, b) for a, b in zip(row, expected)), (label, row, expected)


def check_hover(page, chart, part):
    """The mouse over the last point of the first such line: the tooltip names its value."""
    page.evaluate(f"document.getElementById('{chart}').scrollIntoView({{block: 'center'}})")
    spot = page.evaluate(f"""(() => {{
      const chart = Chart.getChart("{chart}"), box = chart.canvas.getBoundingClientRect();
      const line = chart.data.datasets.findIndex((d) => {part}), points = chart.getDatasetMeta(line).data;
      const p = points[points.length - 1];
      return {{x: box.x + p.x, y: box.y + p.y, value: chart.data.datasets[line].data[points.length - 1].y}};
    }})()""")
    page.mouse(1, 1)
    assert page.evaluate(f"Chart.getChart('{chart}').tooltip.opacity") == 0, chart + ": a tooltip without a mouse"
    page.mouse(spot["x"], spot["y"])
    text = page.evaluate(f"Chart.getChart('{chart}').tooltip.opacity > 0 ? "
                         f"Chart.getChart('{chart}').tooltip.body.flatMap((b) => b.lines).join('|') : ''")
    shown = page.evaluate(f"format({spot['value']})")
    assert shown in text, f"{chart}: hovering shows '{text}', expected {shown}"


def check_ink(page):
    """Pixels of at least two colours on each canvas."""
    for chart in [*BANDS, *LINES, EARLY, "paper-change", "paper-accuracy", "accuracy-before", "sparsity-steps", "histogram-1-1"]:
        colours = page.evaluate(f"""(() => {{
          const c = document.getElementById("{chart}"), copy = Object.assign(document.createElement("canvas"), {{width: c.width, height: c.height}});
          const context = copy.getContext("2d", {{willReadFrequently: true}});
          context.drawImage(c, 0, 0);
          return new Set(new Uint32Array(context.getImageData(0, 0, c.width, c.height).data.buffer)).size;
        }})()""")
        assert colours > 2, f"{chart}: nothing is drawn"


def check_legend(page):
    before = page.evaluate("Chart.getChart('accuracy-sparsity').getVisibleDatasetCount()")
    page.evaluate("document.querySelector('#accuracy .legend button').click()")
    after = page.evaluate("Chart.getChart('accuracy-sparsity').getVisibleDatasetCount()")
    assert after == before / len(METHODS), f"the legend leaves {after} of {before} lines"
    page.evaluate("document.querySelector('#accuracy .legend button').click()")


def check_tables(page):
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.settle()
    rows = page.evaluate("document.querySelectorAll('#accuracy details table tbody tr').length")
    fronts = page.evaluate("report.sheets.filter((s) => s.id.endsWith('-front')).reduce((sum, s) => sum + s.rows.length, 0)")
    assert rows == len([*BANDS, EARLY]) * (2 * 3 + 6 * 3) + fronts + 2 * 2 * 2, rows
    verdicts = page.evaluate("[...document.querySelectorAll('#comparison tbody tr:not(.group)')].length")
    assert verdicts == 4 + 2, f"{verdicts} comparisons, expected 4 with dense networks and 2 of the methods, whose dense networks are the same"
    pictures = page.evaluate("[...document.querySelectorAll('#pictures figure img')].map((i) => i.naturalWidth * i.naturalHeight)")
    assert len(pictures) == 2 * (2 + 2) and min(pictures) > 0, pictures


def look(page, html, folder, name, **window):
    """The page as it is in such a window, to which it adapts by itself."""
    page.window(**window)
    assert not page.complaints, page.complaints
    fetched = [r for r in page.requests if not r.startswith(("file://" + os.path.abspath(html), "data:"))]
    assert not fetched, f"the page asks for {fetched}"
    check_ink(page)
    if folder:
        page.screenshot(f"{folder}/{name}.png")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= window["width"], f"{name}: {wide} pixels wide"
    return page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")


def check_page(page, html, folder, screenshots):
    runs = results(folder)
    page.window(width=1280, height=900)
    page.open(html)
    assert min(look(page, html, screenshots, "desktop", width=1280, height=900)) > 200
    assert page.evaluate("document.title").endswith("sweep"), "text from a run became part of the page"
    assert 'document.title = "broken"' in page.evaluate("document.querySelector('#configuration').textContent")
    assert "random & <b>3" in page.evaluate("document.querySelector('#runs').textContent")
    check_bands(page, runs)
    check_paper(page, runs)
    check_early_stopping(page, runs)
    check_lines(page, runs)
    check_sparsity(page, runs)
    check_before(page, runs)
    check_fronts(page)
    check_heat(page, runs)
    check_bars(page, runs)
    check_histograms(page, runs)
    check_classes(page, runs)
    check_turned(page, runs)
    check_drawing(page)
    for chart in BANDS:
        check_hover(page, chart, "d.part === 'mean'")
        check_hover(page, chart, "d.part === 'seeds'")
    for chart in LINES:
        check_hover(page, chart, "true")
    for chart in ("paper-change", "paper-accuracy"):
        check_hover(page, chart, "d.part === 'mean' && d.whose === 'ours'")
        check_hover(page, chart, "d.part === 'mean' && d.whose === 'paper'")
    check_legend(page)
    check_tables(page)
    look(page, html, screenshots, "phone", width=390, height=844, phone=True)
    assert max(look(page, html, screenshots, "dark", width=1280, height=900, dark=True)) < 60
    page.window(width=794, height=1123, dark=True, media="print")
    # a table that is wider than a sheet of paper makes the browser print all of the page smaller
    page.window(width=717, height=1000, dark=True, media="print")
    assert page.evaluate("Math.max(...[...document.querySelectorAll('table')].map((t) => t.offsetWidth))") <= 717
    assert page.evaluate("colour('--ink')") == "#1d2329", "bright ink on paper"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light", "dark paper"
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = false")
    paper = (screenshots or folder) + "/print.pdf"
    page.pdf(paper)
    with open(paper, "rb") as file:
        sheets = len(re.findall(rb"/Type\s*/Page\b", file.read()))
    assert 0 < sheets <= PAPER_MOST, f"printed on {sheets} pages"
    assert not page.complaints, page.complaints


def main():
    program = browser.find()
    if not program:
        print("no chromium")
        return 77
    command, screenshots = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    if screenshots:
        os.makedirs(screenshots, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="espalier-page-", dir=browser.MEMORY)
    page = None
    try:
        make_runs(command, folder)
        html = folder + "/page.html"
        subprocess.run([command, "report", "sweep", "--paper", "paper.csv", "-o", html], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        page = browser.Browser(program)
        check_page(page, html, folder, screenshots)
    finally:
        if page:
            page.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
