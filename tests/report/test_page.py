#!/usr/bin/python3
"""What a person sees of a report, in a browser without a window: every chart is there and says what the files of the
runs say, nothing is logged or fetched, hovering shows values, and it fits a phone, the dark and paper.

usage: test_page.py ESPALIER SCREENSHOTS"""

import csv
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

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
         "accuracy-macs": lambda r: r["macs_effective"] / 1e6,
         "accuracy-inference": lambda r: r["milliseconds_per_image"],
         "accuracy-training": None}
LINES = {"loss": ["train_loss", "validation_loss"], "accuracy-epochs": ["train_accuracy", "validation_accuracy"],
         "learning-rate": ["lr"]}


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
    for chart, columns in LINES.items():
        expected = []
        for dir_ in runs:
            for row, cells in enumerate(table(dir_ + "/log.csv")):
                unit = 100 if chart == "accuracy-epochs" else 1
                expected += [(row + 1, unit * float(cells[c])) for c in columns]
        same([p[:2] for d in datasets(page, chart, "true") for p in d], expected, chart)


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
    for chart in [*BANDS, *LINES, "paper-change", "paper-accuracy"]:
        colours = page.evaluate(f"""(() => {{
          const c = document.getElementById("{chart}");
          return new Set(new Uint32Array(c.getContext("2d").getImageData(0, 0, c.width, c.height).data.buffer)).size;
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
    assert rows == len(BANDS) * (2 * 3 + 6 * 3), rows
    verdicts = page.evaluate("[...document.querySelectorAll('#comparison tbody tr:not(.group)')].length")
    assert verdicts == 4 + 2, f"{verdicts} comparisons, expected 4 with dense networks and 2 of the methods, whose dense networks are the same"
    pictures = page.evaluate("[...document.querySelectorAll('figure img')].map((i) => i.naturalWidth * i.naturalHeight)")
    assert len(pictures) == 2 * (2 + 2) and min(pictures) > 0, pictures


def look(page, html, folder, name, **window):
    page.window(**window)
    page.open(html)
    assert not page.complaints, page.complaints
    fetched = [r for r in page.requests if not r.startswith(("file://" + os.path.abspath(html), "data:"))]
    assert not fetched, f"the page asks for {fetched}"
    check_ink(page)
    page.screenshot(f"{folder}/{name}.png")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= window["width"], f"{name}: {wide} pixels wide"
    return page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")


def check_page(page, html, folder, screenshots):
    runs = results(folder)
    assert min(look(page, html, screenshots, "desktop", width=1280, height=900)) > 200
    assert page.evaluate("document.title").endswith("sweep"), "text from a run became part of the page"
    assert 'document.title = "broken"' in page.evaluate("document.querySelector('#configuration').textContent")
    assert "random & <b>3" in page.evaluate("document.querySelector('#runs').textContent")
    check_bands(page, runs)
    check_paper(page, runs)
    check_lines(page, runs)
    check_heat(page, runs)
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
    page.screenshot(screenshots + "/print.png")
    # a table that is wider than a sheet of paper makes the browser print all of the page smaller
    page.window(width=717, height=1000, dark=True, media="print")
    assert page.evaluate("Math.max(...[...document.querySelectorAll('table')].map((t) => t.offsetWidth))") <= 717
    assert page.evaluate("colour('--ink')") == "#1d2329", "bright ink on paper"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light", "dark paper"
    page.pdf(screenshots + "/print.pdf")
    assert not page.complaints, page.complaints


def main():
    program = browser.find()
    if not program:
        print("no chromium")
        return 77
    command, screenshots = os.path.abspath(sys.argv[1]), sys.argv[2]
    os.makedirs(screenshots, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="espalier-page-")
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
