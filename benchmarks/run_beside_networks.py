"""`remnant run` as a whole process beside the inference alone of the networks that peers run.

The scan is the sample CT, resampled to 512x512x129, with planted lesions. In turn, round by round:

- remnant: the command ``remnant run CT -o OUT`` in a fresh process: start-up, reading, liver,
  lesions, segments, measuring, planning, writing, and the report;
- peers: a network of the size that nnU-Net plans (PlainConvUNet of six stages, 31 million weights,
  here random) does the same two tasks: the liver at 3 mm in tiles of 112x112x128 with a step of 0.8
  over the whole scan, lesions at 1.5 mm in tiles of 128x128x128 with a step of 0.5 over the liver's
  box and 20 mm around it. One tile of each is timed, after one to warm up, and multiplied by the
  number of tiles of nnU-Net's sliding window. Nothing else of theirs counts: no start-up, reading,
  resampling, test-time mirroring, ensemble or writing.
- peers, tuned: the same tiles with channels last in memory, and in bfloat16 where the processor has
  it, which those programs do not do by themselves.

The median of each over the rounds is printed, wall and processor time, and the ratios to the peers.
Run it on a quiet machine: ``python benchmarks/run_beside_networks.py [--rounds 3]``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from math import ceil, prod
from pathlib import Path
from statistics import median
from typing import Any

SHAPE = (512, 512, 129)
SEED = 20261122
MARGIN_MM = 20.0
LIVER_MM, LIVER_PATCH, LIVER_STEP = 3.0, (112, 112, 128), 0.8
LESION_MM, LESION_PATCH, LESION_STEP = 1.5, (128, 128, 128), 0.5
FEATURES = (32, 64, 128, 256, 320, 320)
LARGEST_RATIO = 0.3
LARGEST_GB = 3.0
MAKE = """
import json, sys
from pathlib import Path
import numpy as np
from scipy import ndimage
from models.registry import list_models, pull
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import read_image, write_image
from remnant.io.reading import ReadingChoice
from remnant.pipeline.samples import LIVER_LABEL, fetch_sample
from segmentation.synthetic import plant_metastases

path, shape, seed = Path(sys.argv[1]), tuple(json.loads(sys.argv[2])), int(sys.argv[3])
for info in list_models():
    pull(info.id)
sample = fetch_sample()
scan, classes = (
    read_image(file, choice=ReadingChoice(modality=Modality.CT))
    for file in (sample.ct, sample.label_map)
)
zoom = np.array(shape) / scan.geometry.shape
affine_ras = np.array(scan.geometry.affine_ras)
affine_ras[:3, :3] /= zoom
affine_ras[:3, 3] = scan.geometry.ras_from_index(0.5 / zoom - 0.5)
grid = Geometry(shape, affine_ras)
fine, inside = (
    ndimage.zoom(voxels.astype(np.float32), zoom, order=1, grid_mode=True, mode="nearest")
    for voxels in (scan.voxels, classes.voxels == LIVER_LABEL)
)
image = ImageVolume(np.rint(fine).astype(np.int16), grid, Modality.CT)
liver = LabelMap((inside >= 0.5).astype(np.uint8), grid, BINARY_SCHEME)
write_image(plant_metastases(image, liver, seed=seed).image, path)
places = np.argwhere(liver.mask())
print(json.dumps([list(grid.spacing_mm), (places.max(0) + 1 - places.min(0)).tolist()]))
"""
TILE = """
import json, sys, time
import torch
from torch import nn

features, patch, tuned = json.loads(sys.argv[1])
# as nnU-Net plans them: an axis is halved as long as it can be
strides = [tuple(1 + (n % 2**stage == 0) for n in patch) for stage in range(1, len(features))]


class Stage(nn.Sequential):
    def __init__(self, before, after, stride):
        layers = []
        for first, step in ((before, stride), (after, 1)):
            layers += [nn.Conv3d(first, after, 3, step, 1),
                       nn.InstanceNorm3d(after, affine=True), nn.LeakyReLU(inplace=True)]
        super().__init__(*layers)


class PlainConvUNet(nn.Module):
    def __init__(self):
        super().__init__()
        ends = list(zip([1, *features], features))
        self.down = nn.ModuleList(Stage(a, b, s) for (a, b), s in zip(ends, [1, *strides]))
        pairs = list(zip(features[::-1], features[-2::-1]))
        self.grow = nn.ModuleList(
            nn.ConvTranspose3d(a, b, s, s) for (a, b), s in zip(pairs, strides[::-1]))
        self.up = nn.ModuleList(Stage(2 * b, b, 1) for _, b in pairs)
        self.head = nn.Conv3d(features[0], 2, 1)

    def forward(self, x):
        skips = []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        skips.pop()
        for grow, stage in zip(self.grow, self.up):
            x = stage(torch.cat((grow(x), skips.pop()), 1))
        return self.head(x)


network = PlainConvUNet().eval()
image = torch.rand(1, 1, *patch)
if tuned:
    known = getattr(torch.cpu, "get_capabilities", dict)()
    native = known.get("avx512_bf16", False) or known.get("amx_bf16", False)
    precision = torch.bfloat16 if native else torch.float32
    network, image = (x.to(precision).to(memory_format=torch.channels_last_3d)
                      for x in (network, image))
with torch.inference_mode():
    network(image)
    wall, cpu = time.perf_counter(), time.process_time()
    network(image)
    spent = [time.perf_counter() - wall, time.process_time() - cpu]
print(json.dumps(spent))
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a program took."""

    wall_s: float
    cpu_s: float
    peak_gb: float = 0.0


def output_of(program: str, *arguments: str) -> Any:  # noqa: ANN401
    """Run a program in a fresh process and return the JSON of its last line."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def tile_count(size_mm: Sequence[float], spacing: float, patch: Sequence[int], step: float) -> int:
    """Return how many tiles nnU-Net's sliding window takes."""
    voxels = [max(ceil(mm / spacing), side) for mm, side in zip(size_mm, patch, strict=True)]
    return prod(ceil((n - side) / (side * step)) + 1 for n, side in zip(voxels, patch, strict=True))


def peers(counts: Sequence[int], *, tuned: bool) -> Spent:
    """Time one tile of each task, and take it times the tiles."""
    wall = cpu = 0.0
    for count, patch in zip(counts, (LIVER_PATCH, LESION_PATCH), strict=True):
        seconds = output_of(TILE, json.dumps([FEATURES, patch, tuned]))
        wall, cpu = wall + count * seconds[0], cpu + count * seconds[1]
    return Spent(wall, cpu)


def remnant_run(scan: Path, output: Path) -> Spent:
    """Run the command as a user would."""
    command = [sys.executable, "-m", "remnant", "run", str(scan), "--modality", "ct"]
    wall = time.perf_counter()
    process = subprocess.Popen(
        [*command, "-o", str(output)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - wall
    if status != 0:
        raise SystemExit(f"remnant run failed with status {os.waitstatus_to_exitcode(status)}")
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9)


def medians(rounds: Sequence[Spent]) -> Spent:
    """Return the median of each figure."""
    return Spent(*(median(column) for column in zip(*map(astuple, rounds), strict=True)))


def main() -> None:
    """Make the scan, measure in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    spent: dict[str, list[Spent]] = {"remnant run": [], "peers": [], "peers, tuned": []}
    with tempfile.TemporaryDirectory() as scratch:
        scan = Path(scratch) / "ct.nii.gz"
        spacing, box = output_of(MAKE, str(scan), json.dumps(SHAPE), str(SEED))
        field_mm = [n * mm for n, mm in zip(SHAPE, spacing, strict=True)]
        box_mm = [n * mm + 2 * MARGIN_MM for n, mm in zip(box, spacing, strict=True)]
        counts = (
            tile_count(field_mm, LIVER_MM, LIVER_PATCH, LIVER_STEP),
            tile_count(box_mm, LESION_MM, LESION_PATCH, LESION_STEP),
        )
        for number in range(rounds):
            spent["remnant run"].append(remnant_run(scan, Path(scratch) / f"case{number}"))
            spent["peers"].append(peers(counts, tuned=False))
            spent["peers, tuned"].append(peers(counts, tuned=True))
            last = ", ".join(f"{name} {each[-1].cpu_s:.1f}" for name, each in spent.items())
            print(f"round {number + 1} of {rounds}, CPU s: {last}", file=sys.stderr)
    print(f"{counts[0]} liver tiles, {counts[1]} lesion tiles, medians of {rounds} rounds\n")
    print(table({name: medians(each) for name, each in spent.items()}))


def table(spent: Mapping[str, Spent]) -> str:
    """Return the figures and their ratios to the peers as a Markdown table."""
    peer = spent["peers"]
    lines = [
        "| what | wall s | CPU s | wall / peers | CPU / peers | peak GB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, each in spent.items():
        peak = f"{each.peak_gb:.2f}" if each.peak_gb else ""
        lines.append(
            f"| {name} | {each.wall_s:.1f} | {each.cpu_s:.1f} | {each.wall_s / peer.wall_s:.2f} "
            f"| {each.cpu_s / peer.cpu_s:.2f} | {peak} |"
        )
    mine = spent["remnant run"]
    met = mine.wall_s <= LARGEST_RATIO * peer.wall_s and mine.peak_gb <= LARGEST_GB
    aim = f"aim: at most {LARGEST_RATIO} of the peers' wall time and {LARGEST_GB} GB"
    return "\n".join([*lines, "", f"{aim}: {'met' if met else 'not met'}"])


if __name__ == "__main__":
    main()
