"""Fits the limits of the quality light, and says what it catches and how often it cries wolf.

Livers of real shape (label maps alone) get a CT painted around them, are corrupted in many kinds,
and their figures are taken. The limits come from uncorrupted livers alone. What is reported is
always about livers that took no part in limits or thresholds, and every kind of corruption is left
out, as none takes part. What the liver network made of the real scans spoilt on purpose
(`quality_control_networks.py`) is a test of its own.

    python benchmarks/quality_control.py make --livers ../shared/data/couinaud --results FOLDER
    python benchmarks/quality_control.py real --results FOLDER
    python benchmarks/quality_control.py fit --results FOLDER --write
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
import importlib.util
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME
from remnant.core.quality_light import Light
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels
from remnant.testing.corrupted_livers import (
    KINDS,
    LATE_DAMAGES,
    CorruptedLiver,
    corrupted_liver,
    good_liver,
    thicker,
)
from remnant.testing.painted_ct import TISSUES_HU, painted_scan
from remnant.testing.spoilt_scans import SPOILING_SEED, Spoiler, TrueScan, spoilers
from segmentation.couinaud.shape_familiarity import distance_from, spread_of
from segmentation.quality_control.decision import LIMITS_FILE, SHAPE_DISTANCE, decide, limits_from
from segmentation.quality_control.light import figures_of
from segmentation.training.livers import find_livers

KINDS_EACH: Final = 6
PHASE_SHARES: Final = (0.25, 0.15, 0.45, 0.15)
THICK_CHANCE: Final = 0.4
GOOD_WANDER_MM: Final = (1.0, 2.2)
PAINTED, REAL = "painted.jsonl", "real.jsonl"
FOLDS: Final = 5
KEPT_PERCENT: Final = 98.0
AMBER_PERCENT, AMBER_FLOOR = 94.0, 0.5
RED_PERCENT, RED_FACTOR, RED_FLOOR = 99.0, 1.25, 2.0
BAD_DICE: Final = 0.9
GOOD_DICE: Final = 0.94
ROOT: Final = Path(__file__).parents[1]
LIMITS: Final = ROOT / "segmentation" / "quality_control" / LIMITS_FILE
PAGE: Final = ROOT / "docs" / "explanation" / "quality_control.md"
MARK: Final = "<!-- What follows is written by benchmarks/quality_control.py fit --write. -->"
PROVENANCE: Final = {
    "made_by": "benchmarks/quality_control.py fit --write",
    "shapes": "livers of LiTS patients annotated by Zhang X. et al., MICCAI 2023 (MIT licence)",
    "images": "painted around the shapes by remnant.testing.painted_ct",
}
SHAPE: Final = (
    "log_volume", "extent_r", "extent_a", "extent_s", "balance_r", "balance_a", "balance_s",
    "middle_to_long", "short_to_long", "mean_depth", "flat_low_s", "flat_high_s", "flat_low_r",
    "flat_high_r", "surface",
)  # fmt: skip
FITTED: Final[dict[str, tuple[str, float]]] = {
    # the side on which it is unusual, and the least unit of how unusual
    "edge_spread_mm": ("high", 2.0),
    "edge_off": ("high", 0.08),
    "missed_patch": ("high", 0.03),
    "leaked_patch": ("high", 0.05),
    "like_beyond_largest": ("high", 0.02),
    "sharp_border": ("low", 0.06),
    "unlike_largest": ("high", 0.03),
    "unlike_within": ("high", 0.06),
    "regions_hu": ("high", 6.0),
    "liver_sd_hu": ("high", 10.0),
    "air": ("high", 0.01),
    "right_of_middle_mm": ("low", 10.0),
    "flat_face": ("high", 0.01),
    "largest_step": ("high", 0.1),
    "loose": ("high", 0.01),
    "cavities": ("high", 0.01),
    "thin": ("high", 0.06),
    "notches": ("high", 0.05),
    SHAPE_DISTANCE: ("high", 1.0),
}
FIXED: Final[dict[str, tuple[float | None, float | None, float]]] = {
    # low, high, unit: wide on purpose and this project's own, where paintings say nothing
    "volume_ml": (400.0, 6000.0, 100.0),
    "edge_mm": (-6.0, 0.0, 2.0),
    "liver_hu": (-20.0, 200.0, 30.0),
    "body_width_mm": (240.0, 480.0, 60.0),
    "lung_below": (None, 0.3, 0.2),
    "spine_behind_mm": (0.0, None, 15.0),
    "confidence": (0.88, None, 0.03),
    "windows_agreement": (0.8, None, 0.1),
    "networks_agreement": (0.85, None, 0.07),
}
ONLY_ASK: Final = (
    SHAPE_DISTANCE, "thin", "notches", "flat_face", "cavities", "volume_ml", "body_width_mm",
    "liver_hu", "liver_sd_hu",
)  # fmt: skip
"""Figures that resected or ill livers have too, or that say more of the file than of the liver."""
WITHOUT_IMAGE: Final = ("flat_face", "largest_step", "loose", "cavities", "thin", "notches")

Row = dict[str, Any]
Vector = NDArray[np.float64]


def make(folder: Path, livers: Path, part: int, parts: int) -> None:
    """Take the figures of good and corrupted livers, painted; livers that are there are kept."""
    found = find_livers(livers)
    file = folder / f"{part}-{PAINTED}"
    there = {row["liver"] for row in rows_of(file)}
    for number, path in sorted(found.items())[part::parts]:
        if number not in there:
            began = time.process_time()
            rows = list(_rows(number, read_labels(path, COUINAUD_SCHEME)))
            with file.open("a") as out:
                out.writelines(json.dumps(row) + "\n" for row in rows)
            print(number, len(rows), f"{time.process_time() - began:.1f} s", flush=True)


def _rows(number: int, labels: LabelMap) -> Iterator[Row]:
    rng = np.random.default_rng(number)
    phase = list(TISSUES_HU)[int(rng.choice(len(PHASE_SHARES), p=PHASE_SHARES))]
    scan = painted_scan(labels, phase=phase, rng=rng)
    slices = 2 if rng.random() < THICK_CHANCE else 1
    good = [good_liver(scan, rng=rng, sd_mm=sd) for sd in (0.0, rng.uniform(*GOOD_WANDER_MM))]
    bad = [corrupted_liver(scan, str(k), rng=rng) for k in rng.permutation(KINDS)[:KINDS_EACH]]
    for is_good, one in [*((True, g) for g in good), *((False, b) for b in bad)]:
        used = thicker(one, slices) if slices > 1 else one
        if used.liver.codes.any():
            facts = {"liver": number, "phase": phase.value, "slices": slices, "good": is_good}
            yield {**facts, "kind": one.kind, "dice": one.dice, "figures": _figures(used)}


def _figures(one: CorruptedLiver) -> dict[str, float]:
    return figures_of(one.liver, one.image, lesions=one.lesions)


def rows_of(file: Path) -> list[Row]:
    """Return what a file holds, nothing where there is none."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def take_real(folder: Path) -> None:
    """Take the figures of what the network made of the real scans, spoilt or not."""
    networks = _neighbour("quality_control_networks")
    with (folder / REAL).open("w") as out:
        for name, scan in networks.real_scans():
            truth = {
                "scan": name,
                "kind": "annotation",
                "how": "",
                "dice": 1.0,
                "network_dice": 1.0,
            }
            out.write(json.dumps({**truth, "figures": figures_of(scan.liver, scan.image)}) + "\n")
            for kind, how, spoil in spoilers():
                row = _network_row(folder / networks.file_name(name, kind, how), scan, spoil)
                if row is not None:
                    out.write(json.dumps({"scan": name, "kind": kind, "how": how, **row}) + "\n")


def _neighbour(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _network_row(file: Path, scan: TrueScan, spoil: Spoiler) -> Row | None:
    """Return figures and Dice of a network's liver; ``None`` where there is none."""
    if not file.exists() or "mask" not in (found := np.load(file)):
        return None
    spoilt = spoil(scan, np.random.default_rng(SPOILING_SEED))
    shape = spoilt.image.geometry.shape
    mask = np.unpackbits(found["mask"])[: int(np.prod(shape))].reshape(shape)
    if not mask.any():
        return None
    liver = LabelMap(mask, spoilt.image.geometry, BINARY_SCHEME)
    figures = figures_of(liver, spoilt.image)
    figures |= {name: float(found[name]) for name in ("confidence", "windows_agreement")}
    network_dice = float(found["dice"])
    dice = min(network_dice, spoilt.world_dice)
    return {"dice": dice, "network_dice": network_dice, "figures": figures}


def fitted(good: Sequence[Row]) -> dict[str, Any]:
    """Return limits from good livers alone; the thresholds are still missing."""
    shapes = np.array([[row["figures"][name] for name in SHAPE] for row in good])
    mean, inverse = spread_of(shapes)
    livers = np.array([row["liver"] for row in good])
    spreads = {liver: spread_of(shapes[livers != liver]) for liver in set(livers.tolist())}
    left_out = [
        distance_from(one, *spreads[liver]) for one, liver in zip(shapes, livers, strict=True)
    ]
    figures = {
        name: _limit([row["figures"][name] for row in good if name in row["figures"]], *how)
        for name, how in FITTED.items()
        if name != SHAPE_DISTANCE
    }
    figures[SHAPE_DISTANCE] = _limit(left_out, *FITTED[SHAPE_DISTANCE])
    figures |= {n: {"low": lo, "high": hi, "scale": sc} for n, (lo, hi, sc) in FIXED.items()}
    return {
        "figures": {n: {**one, "only_asks": n in ONLY_ASK} for n, one in figures.items()},
        "shape": {"names": SHAPE, "mean": mean.tolist(), "inverse_covariance": inverse.tolist()},
        "amber": AMBER_FLOOR,
        "red": RED_FLOOR,
    }


def _limit(values: Sequence[float], sides: str, floor: float) -> dict[str, float | None]:
    low, high = np.percentile(values, (100 - KEPT_PERCENT, KEPT_PERCENT))
    return {
        "low": float(low) if "low" in sides else None,
        "high": float(high) if "high" in sides else None,
        "scale": max(float(high - low) / 2, floor),
    }


def excesses(rows: Sequence[Row], limits: dict[str, Any], *, image: bool = True) -> Vector:
    """Return for each row the excess that asks for a look, and the one that may be red."""
    known = limits_from(limits)
    found = [decide(_seen(row, image=image), known) for row in rows]
    return np.array([(one.excess, one.red_excess) for one in found])


def _seen(row: Row, *, image: bool) -> dict[str, float]:
    return {n: v for n, v in row["figures"].items() if image or n in SHAPE or n in WITHOUT_IMAGE}


def left_out(rows: Sequence[Row], *, image: bool = True) -> NDArray[np.bool_]:
    """Return whether each row is not green, and whether it is red, by other livers' limits.

    In each of five folds the thresholds are those of good livers left out in turn among the rest.
    """
    fold = {n: i % FOLDS for i, n in enumerate(sorted({row["liver"] for row in rows}))}
    of = np.array([fold[row["liver"]] for row in rows])
    found = np.zeros((len(rows), 2), bool)
    for outer in range(FOLDS):
        rest = [row for row, f in zip(rows, of, strict=True) if f != outer and row["good"]]
        here = np.flatnonzero(of == outer)
        beyond = excesses([rows[int(i)] for i in here], fitted(rest), image=image)
        found[here] = beyond >= _thresholds(rest, fold)
    found[:, 0] |= found[:, 1]
    return found


def _thresholds(good: Sequence[Row], fold: dict[int, int]) -> tuple[float, float]:
    """Return the excesses that so many of good livers left out in turn do not reach."""
    inner = []
    for n in sorted({fold[row["liver"]] for row in good}):
        used = fitted([row for row in good if fold[row["liver"]] != n])
        inner.append(excesses([row for row in good if fold[row["liver"]] == n], used))
    amber, red = np.concatenate(inner).T
    return (
        max(float(np.percentile(amber, AMBER_PERCENT)), AMBER_FLOOR),
        max(float(np.percentile(red, RED_PERCENT)) * RED_FACTOR, RED_FLOOR),
    )


def fit(folder: Path, *, write: bool) -> None:
    """Print what the light catches; write limits and page where asked."""
    rows = [row for file in sorted(folder.glob(f"*{PAINTED}")) for row in rows_of(file)]
    real = rows_of(folder / REAL)
    good = [row for row in rows if row["good"]]
    limits = fitted(good)
    fold = {n: i % FOLDS for i, n in enumerate(sorted({row["liver"] for row in good}))}
    limits["amber"], limits["red"] = _thresholds(good, fold)
    page = "\n".join(_page(rows, real, limits))
    print(page)
    if write:
        known = {**PROVENANCE, "livers": len(fold), "good": len(good), **_rounded(limits)}
        LIMITS.write_text(json.dumps(known, indent=1) + "\n")
        before, mark, _ = PAGE.read_text().partition(MARK)
        PAGE.write_text(f"{before}{mark}\n\n{page}\n")


def _rounded(value: Any) -> Any:  # noqa: ANN401  (a document)
    """Return a document with numbers of six digits."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _page(rows: Sequence[Row], real: Sequence[Row], limits: dict[str, Any]) -> Iterator[str]:
    caught = _Caught.of(rows, image=True)
    yield from caught.told("## With an image")
    yield from _Caught.of(rows, image=False).told("## Without an image: given masks")
    yield from _of_real(real, limits)
    yield from _table_of_limits(limits)


@dataclass(frozen=True, slots=True, eq=False)
class _Caught:
    """Which rows are not green, and which are red, by thresholds of other livers."""

    rows: Sequence[Row]
    look: NDArray[np.bool_]
    red: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Sequence[Row], *, image: bool) -> "_Caught":
        look, red = left_out(rows, image=image).T
        return cls(rows, look, red)

    def told(self, heading: str) -> Iterator[str]:
        good = np.array([row["good"] for row in self.rows])
        bad = np.array([not row["good"] and row["dice"] < BAD_DICE for row in self.rows])
        slight = ~good & ~bad
        late = np.array([row["kind"] in LATE_DAMAGES for row in self.rows])
        yield from (heading, "", "| livers | number | amber or red | red |", "|---|---|---|---|")
        yield self._line("uncorrupted: false alarms", good)
        yield self._line(f"corrupted, Dice below {BAD_DICE}", bad)
        yield self._line("of these, kinds added after the figures were chosen", bad & late)
        yield self._line(f"corrupted, Dice {BAD_DICE} or above", slight)
        yield from ("", f"By kind, Dice below {BAD_DICE}:", "")
        yield from ("| kind | number | amber or red | red |", "|---|---|---|---|")
        for kind in (*KINDS,):
            here = np.array([row["kind"] == kind for row in self.rows]) & bad
            if here.any():
                yield self._line(kind, here)
        yield ""

    def _line(self, name: str, which: NDArray[np.bool_]) -> str:
        count = int(which.sum())
        shares = (_share(int((found & which).sum()), count) for found in (self.look, self.red))
        return f"| {name} | {count} | {' | '.join(shares)} |"


def _share(some: int, every: int) -> str:
    return f"{some} ({100 * some / every:.0f} %)" if every else "–"


def _of_real(real: Sequence[Row], limits: dict[str, Any]) -> Iterator[str]:
    """Say what the light makes of the network's livers in the real scans."""
    known = limits_from(limits)
    lights = [decide(row["figures"], known).light for row in real]
    groups: dict[str, Callable[[Row], bool]] = {
        "annotation, scan as it is": lambda row: row["kind"] == "annotation",
        "network, Dice 0.94 or above": lambda row: (
            row["kind"] != "annotation" and row["dice"] >= GOOD_DICE
        ),
        "network, Dice 0.90 to 0.94": lambda row: BAD_DICE <= row["dice"] < GOOD_DICE,
        "network, Dice below 0.90": lambda row: row["network_dice"] < BAD_DICE,
        "network right, the file lies (mirrored, voxel size, slices)": lambda row: (
            row["network_dice"] >= BAD_DICE > row["dice"]
        ),
    }  # fmt: skip
    yield from ("## What the network made of spoilt real scans", "")
    yield from ("| liver | number | amber or red | red |", "|---|---|---|---|")
    for name, belongs in groups.items():
        here = [light for light, row in zip(lights, real, strict=True) if belongs(row)]
        red = here.count(Light.RED)
        look = here.count(Light.AMBER) + red
        yield f"| {name} | {len(here)} | {_share(look, len(here))} | {_share(red, len(here))} |"
    missed = [
        f"{row['scan']}, {row['kind']} {row['how']} ({row['dice']:.2f})"
        for light, row in zip(lights, real, strict=True)
        if row["dice"] < BAD_DICE and light is Light.GREEN
    ]
    yield from ("", f"Missed (Dice): {'; '.join(missed) or 'none'}.", "")


def _table_of_limits(limits: dict[str, Any]) -> Iterator[str]:
    yield from ("## The limits", "")
    yield f"Amber from an excess of {limits['amber']:.2f} on, red from {limits['red']:.2f} on."
    yield from (
        "",
        "| figure | at least | at most | unit of the excess | from |",
        "|---|---|---|---|---|",
    )
    for name, one in limits["figures"].items():
        ends = ("–" if one[end] is None else f"{one[end]:.3g}" for end in ("low", "high"))
        source = "this project's own" if name in FIXED else "good livers"
        red = "only asks" if one["only_asks"] else "yes"
        yield f"| `{name}` | {' | '.join(ends)} | {one['scale']:.3g} | {source} | {red} |"


def main() -> None:
    """Do one step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("make", "real", "fit"))
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--livers", type=Path, default=Path("../shared/data/couinaud"))
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    asked.results.mkdir(parents=True, exist_ok=True)
    if asked.step == "make":
        make(asked.results, asked.livers, asked.part, asked.parts)
    elif asked.step == "real":
        take_real(asked.results)
    else:
        fit(asked.results, write=asked.write)


if __name__ == "__main__":
    main()
