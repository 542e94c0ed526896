"""How long a person waits for a recipe on the review page, and how much memory its server takes.

Usage::

    python benchmarks/what_if.py --make CASES/large     # a case of 512 x 512 x 300, 100 lesions
    python benchmarks/what_if.py CASES                  # round trips on every case of a folder
    python benchmarks/what_if.py CASES --image CT.nii.gz --most-ms 150

A real server is started, and asked over HTTP as the page asks, in two ways: clicks, each of which
changes one thing of the recipe or of what stands beside it, as a person does from an empty recipe
on; and jumps, where everything is another each time, so that little is known from the last. The
scan, volumes and surfaces are fetched too before memory is read. Ends with 1 where the 95th
percentile of the clicks is above the limit.
"""

# ruff: noqa: E402, S311  (recipes are no secrets)
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
import http.client
import json
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np

SEED: Final = 20_260_101
BESIDE, OF_LESION = 0.2, 0.6
"""Shares of the clicks that change what stands beside the recipe, and a lesion of it."""
SHAPE: Final = (512, 512, 300)
SPACING_MM: Final = (0.5, 0.5, 0.75)
LESIONS: Final = 100
RADII_MM: Final = (4.0, 12.0)
GAP_MM: Final = 3.0
SEGMENTS: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")
MOST_SEGMENTS: Final = 5
RULES: Final = ("gepnetlm_review", "primary_papers", "cloyd2020", "machairas2021_30")
FORMULAS: Final = ("vauthey2002_bsa", "vauthey2002_bw", "chan2006", "johnson2005")
MIB: Final = 1024.0


def make_case(folder: Path) -> None:
    """Measure and plan a phantom as large as a thin-sliced scan, and keep its scan beside it."""
    from remnant.cli.app import run_command
    from remnant.core.geometry import Geometry
    from remnant.io.nifti import write_image, write_labels
    from remnant.testing.liver import analytic_liver
    from remnant.testing.metastases import scatter_metastases
    from remnant.testing.phantoms import liver_phantom

    matrix = np.diag([*SPACING_MM, 1.0])
    matrix[:3, 3] = [-step * size / 2 for step, size in zip(SPACING_MM, SHAPE, strict=True)]
    drawn = scatter_metastases(
        analytic_liver(), LESIONS, seed=SEED, radius_mm=RADII_MM, gap_mm=GAP_MM
    )
    phantom = liver_phantom(Geometry(SHAPE, matrix), metastases=drawn, seed=SEED)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: Path(scratch) / f"{name}.nii.gz" for name in ("liver", "lesions")}
        files["couinaud"] = Path(scratch) / "couinaud.nii.gz"
        write_labels(phantom.liver_mask, files["liver"])
        write_labels(phantom.lesions, files["lesions"])
        write_labels(phantom.couinaud, files["couinaud"])
        write_image(phantom.image, folder.parent.parent / f"{folder.name}-ct.nii.gz")
        masks = ",".join(f"{role}={path}" for role, path in files.items())
        body = ["--height-cm", "175", "--weight-kg", "80", "--sex", "male", "--age", "60"]
        if run_command(["measure", "--masks", masks, "-o", str(folder), *body]):
            raise SystemExit(1)


class Client:
    """Asks a server as the page does, on one connection."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=600)

    def get(self, path: str) -> tuple[int, bytes]:
        """Fetch something."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """Ask for something."""
        headers = {"Content-Type": "application/json", "X-Remnant": "1"}
        self.connection.request("POST", path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def server(cases: Path, image: Path | None) -> Any:  # noqa: ANN401  (process and address)
    """Start a server on a free port."""
    scan = [] if image is None else ["--image", str(image)]
    command = [sys.executable, "-m", "remnant", "serve", str(cases), "--port", "0", *scan]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None  # noqa: S101  (it is a pipe)
        try:
            yield process, process.stderr.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGINT)


def memory_mib(process: Any) -> tuple[float, float]:  # noqa: ANN401  (a process)
    """Return the memory of a process now, and at most so far."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    now, most = (float(fields[name].split()[0]) / MIB for name in ("VmRSS", "VmHWM"))
    return now, most


def processor_ms(process: Any) -> float:  # noqa: ANN401  (a process)
    """Return the processor time of all threads of a process so far, whatever else runs beside."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(float(task.read_text().split()[0]) for task in tasks) / 1e6


def jumps(lesions: list[int]) -> Iterator[dict[str, Any]]:
    """Yield questions that share nothing: a recipe, and mostly something beside it changed."""
    rng = random.Random(SEED)
    while True:
        yield jump(rng, lesions)


def clicks(lesions: list[int]) -> Iterator[dict[str, Any]]:
    """Yield questions of which each differs from the last in one thing."""
    rng, asked = random.Random(SEED), {"segments": [], "wedges": [], "ablations": []}
    beside: dict[str, Any] = {}
    while True:
        turn = rng.random()
        if turn < BESIDE:
            beside = {**beside, **beside_one(rng)}
        elif turn < BESIDE + OF_LESION and lesions:
            lesion = rng.choice(lesions)
            asked = {**asked, **cycled(asked, lesion)}
        else:
            segment = rng.choice(SEGMENTS)
            asked = {**asked, "segments": sorted({segment} ^ set(asked["segments"]))}
        yield {"recipe": asked, **beside}


def cycled(recipe: dict[str, Any], lesion: int) -> dict[str, Any]:
    """Return a recipe's lesions after one of them went from leave to wedge to ablate to leave."""
    wedges, ablations = set(recipe["wedges"]), set(recipe["ablations"])
    if lesion in wedges:
        return {"wedges": sorted(wedges - {lesion}), "ablations": sorted(ablations | {lesion})}
    if lesion in ablations:
        return {"wedges": sorted(wedges), "ablations": sorted(ablations - {lesion})}
    return {"wedges": sorted(wedges | {lesion}), "ablations": sorted(ablations)}


def jump(rng: random.Random, lesions: list[int]) -> dict[str, Any]:
    """Return one question that shares nothing with another."""
    segments = rng.sample(SEGMENTS, rng.randint(0, MOST_SEGMENTS))
    shares = sorted(rng.random() for _ in range(2))
    fates = {lesion: rng.random() for lesion in lesions}
    recipe = {
        "segments": segments,
        "wedges": [n for n, fate in fates.items() if fate < shares[0] / 2],
        "ablations": [n for n, fate in fates.items() if fate > 1.0 - (1.0 - shares[1]) / 2],
    }
    return {"recipe": recipe, **rng.choice([{}, beside_one(rng)])}


def beside_one(rng: random.Random) -> dict[str, Any]:
    """Return one thing beside the recipe that is another."""
    beside: list[dict[str, Any]] = [
        {"choice": {"resection_margin_mm": rng.choice((0, 1, 2, 5, 8, 10, 15))}},
        {"choice": {"ablation_margin_mm": rng.choice((5, 10)), "ablation_limit_mm": 50}},
        {"choice": {"rule_set": rng.choice(RULES), "certainty": 0.8}},
        {"patient": {"height_cm": rng.uniform(150, 195), "weight_kg": rng.uniform(45, 120)}},
        {"formula": rng.choice(FORMULAS)},
        {"facts": {"pancreatoduodenectomy": True}, "patient": {"background": "cirrhosis"}},
    ]
    return rng.choice(beside)


def round_trips(
    client: Client, case: str, questions: Iterator[dict[str, Any]], number: int
) -> list[float]:
    """Return the milliseconds of each answer."""
    times = []
    for body in islice(questions, number):
        start = time.perf_counter()
        status, content = client.post(f"/api/cases/{case}/what-if", body)
        times.append(1000.0 * (time.perf_counter() - start))
        if status != http.client.OK:
            raise SystemExit(f"{status}: {content.decode()}")
    return times


def fetched(client: Client, case: dict[str, Any]) -> dict[str, float]:
    """Fetch what the viewer fetches; return the seconds of each kind."""
    seconds: dict[str, float] = {}
    base, layers = f"/api/cases/{case['id']}", case["layers"]
    surfaces = [name for name in case["meshes"] if not name.startswith("lesion-")]
    kinds = {
        "slice": [f"{base}/slices/axial/150?layer=image", f"{base}/slices/coronal/256?layer=image"],
        "previews": [f"{base}/volumes/{layer}.nii.gz?detail=preview" for layer in layers],
        "liver": [f"{base}/volumes/{layer}.nii.gz?detail=liver" for layer in layers],
        "full": [f"{base}/volumes/{layer}.nii.gz?detail=full" for layer in layers],
        "surfaces": [f"{base}/meshes/{name}.mz3" for name in surfaces],
    }
    if not case["scan"]["available"]:
        kinds = {"surfaces": kinds["surfaces"], "previews": kinds["previews"]}
    for kind, paths in kinds.items():
        start = time.perf_counter()
        for path in paths:
            status, content = client.get(path)
            if status != http.client.OK:
                raise SystemExit(f"{path}: {status} {content[:200]!r}")
        seconds[kind] = time.perf_counter() - start
    return seconds


def measured(client: Client, process: Any, row: dict[str, Any], number: int) -> float:  # noqa: ANN401
    """Open a case, ask of it, and print what was measured; return the 95th percentile."""
    start = time.perf_counter()
    _, content = client.get(f"/api/cases/{row['id']}")
    opened = time.perf_counter() - start
    case = json.loads(content)
    if not case["segments"]:
        return 0.0
    lesions = [lesion["id"] for lesion in case["lesions"] if lesion["counted"]]
    seconds = fetched(client, case)
    shape = "×".join(map(str, case["scan"]["shape"]))
    print(f"{row['name']}: {shape}, {len(lesions)} lesions; opened in {opened:.2f} s; " + ", ".join(
        f"{kind} {took:.2f} s" for kind, took in seconds.items()))  # fmt: skip
    highs = []
    for kind in (clicks, jumps):
        before = processor_ms(process)
        times = np.array(round_trips(client, row["id"], kind(lesions), number))
        processor = (processor_ms(process) - before) / number
        median, high, worst = np.percentile(times, (50, 95, 100))
        waits = f"median {median:.0f} ms, 95 % {high:.0f} ms, worst {worst:.0f} ms"
        print(f"  {number} {kind.__name__}: {waits}, processor {processor:.0f} ms on average")
        highs.append(float(high))
    now, most = memory_mib(process)
    print(f"  memory {now:.0f} MiB, at most {most:.0f} MiB")
    return highs[0]


def main() -> None:
    """Measure every case of a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=Path, nargs="?")
    parser.add_argument("--make", type=Path)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--most-ms", type=float, default=150.0)
    given = parser.parse_args()
    if given.make is not None:
        make_case(given.make)
    if given.cases is None:
        return
    with server(given.cases, given.image) as (process, address):
        client = Client(address)
        rows = json.loads(client.get("/api/cases")[1])["cases"]
        highs = [measured(client, process, row, given.number) for row in rows]
    if max(highs) > given.most_ms:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
