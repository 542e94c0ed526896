"""How soon a person sees something on the review page, in a headless browser.

Usage::

    python benchmarks/what_if.py --make CASES/large     # a case of 512 x 512 x 300, 100 lesions
    python benchmarks/review_page.py CASES --image large-ct.nii.gz [--rounds 3] [--most-s 5]

A real server is started for every round, so that nothing is in its memory, and each case is opened
in a browser whose cache is empty, as in the morning. Printed in seconds, median of the rounds:

- planes: the three planes show the scan at full resolution;
- volume: the scan around the liver has followed at full resolution;
- scene: the surfaces stand in 3-D, from the click on;
- slice: a step to a slice that was not fetched yet;
- what-if: from the click on a segment to the figures on the screen.

Ends with 1 where the planes take longer than the limit. Drawing is done without a graphics card.
"""

import argparse
import json
import shutil
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from what_if import server  # clears the path of this folder, whose volumetry.py hides a package

MILLISECONDS: Final = 1000.0
PATIENCE_MS: Final = 600_000
SIZE: Final = {"width": 1440, "height": 900}
FAR: Final = 60
"""Slices beyond what is fetched ahead."""


def took(action: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def marked(page: Any, name: str) -> float:  # noqa: ANN401  (a page of playwright)
    """Return the seconds from the start of loading to a mark that the page set."""
    script = "name => performance.getEntriesByName(name)[0].startTime"
    return float(page.evaluate(script, name)) / MILLISECONDS


def far_slice(page: Any) -> None:  # noqa: ANN401
    """Go to a slice that nobody fetched, and wait until it is drawn."""
    page.focus("#plane-axial .over")
    for _ in range(FAR // 5):
        page.keyboard.press("Shift+PageDown")
    page.wait_for_selector("#plane-axial:not(.waiting)")


def tried(page: Any) -> None:  # noqa: ANN401
    """Resect a segment, and wait for its figures."""
    page.click("[data-segment=VI]")
    page.wait_for_selector("#plan-figures[data-old=true]", state="attached")
    page.wait_for_selector("#plan-figures[data-old=false]", state="attached")


def seen(browser: Any, address: str) -> dict[str, float]:  # noqa: ANN401
    """Open a case and return what took how long."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.wait_for_selector("#planes[data-ready=true]")
    page.wait_for_selector("#fit-liver:enabled")
    found = {
        "planes": marked(page, "remnant-planes"),
        "volume": marked(page, "remnant-full-volume"),
        "slice": took(lambda: far_slice(page)),
    }
    page.click("#tab-plan")
    page.wait_for_selector("#plan-figures[data-old=false]")
    found["what-if"] = took(lambda: tried(page))
    page.click("#scene-open")
    found["scene"] = took(lambda: page.wait_for_selector("#plane-scene[data-ready=true]"))
    context.close()
    return found


def measured(cases: Path, image: Path | None, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Return the times of every round by case."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[dict[str, float]]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for _ in range(rounds):
            with server(cases, image) as (_process, address):
                with urllib.request.urlopen(f"{address}api/cases") as answer:  # noqa: S310
                    rows = json.load(answer)["cases"]
                for row in rows:
                    times = seen(browser, f"{address}case/{row['id']}")
                    found.setdefault(row["name"], []).append(times)
        browser.close()
    return found


def main() -> None:
    """Open every case of a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=Path)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most-s", type=float, default=5.0)
    given = parser.parse_args()
    slowest = 0.0
    for name, rounds in measured(given.cases, given.image, given.rounds).items():
        middle = {kind: median(one[kind] for one in rounds) for kind in rounds[0]}
        print(f"{name}: " + ", ".join(f"{kind} {s:.2f} s" for kind, s in middle.items()))
        slowest = max(slowest, middle["planes"])
    if slowest > given.most_s:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
