"""Write ``docs/explanation/segmentation.md``: measure what is not measured yet, fill in the tables.

``python -P benchmarks/segmentation_page.py --results FOLDER`` runs each benchmark whose table
``FOLDER`` does not hold (about an hour for all of them on two quiet cores), and writes the page
from ``pages/segmentation.md`` and the tables. Delete a table to have it measured anew.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
TEMPLATE = HERE / "pages" / "segmentation.md"
PAGE = HERE.parent / "docs" / "explanation" / "segmentation.md"
IMAGES = HERE.parent / "docs" / "images"
TABLES: Mapping[str, tuple[str, ...]] = {
    "lesion_borders": (
        "lesion_borders.py", "--gallery", str(IMAGES / "segmentation_worst_slices.png"),
    ),
    "exophytic": ("exophytic.py",),
    "liver_variants": ("liver_variants.py",),
    "qualities": ("qualities.py", "--slices", "129", "300"),
}  # fmt: skip
PLACE = re.compile(r"\{\{(\w+)\}\}")


def table(name: str, results: Path) -> str:
    """Return what a benchmark printed, running it where that is not known."""
    path = results / f"{name}.md"
    if not path.is_file():
        script, *options = TABLES[name]
        command = [sys.executable, "-P", str(HERE / script), *options]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        path.write_text(printed, encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


def main() -> None:
    """Fill in every place of the template."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    results = parser.parse_args().results
    results.mkdir(parents=True, exist_ok=True)
    template = TEMPLATE.read_text(encoding="utf-8")
    unknown = set(PLACE.findall(template)) - set(TABLES)
    if unknown:
        raise SystemExit(f"{TEMPLATE} has places for unknown tables: {', '.join(sorted(unknown))}")
    filled = PLACE.sub(lambda place: table(place[1], results), template)
    PAGE.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    main()
