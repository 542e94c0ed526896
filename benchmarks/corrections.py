"""How long steps of a correction take in a study of 512 x 512 x 300 voxels, and how much memory.

Run ``python -P benchmarks/corrections.py FOLDER``; the case is made there, some 20 MB.
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np

from remnant.core.geometry import Geometry
from remnant.core.study import Study
from remnant.core.volumes import Modality, Phase
from remnant.core.volumetry_report import SegmentSource
from remnant.pipeline.drafts.asked import Asked, Delete, Erase, Paint, Target
from remnant.pipeline.drafts.draft import begun
from remnant.pipeline.drafts.figures import quick_figures
from remnant.pipeline.folder import published, write_segmented
from remnant.pipeline.segmented import CaseMaps, Division, SegmentedCase
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.edits.strokes import BrushShape, Stroke

SHAPE, SPACING_MM, TIMES = (512, 512, 300), (0.75, 0.75, 1.0), 5


def made(folder: Path) -> None:
    """Make the case: a liver with five metastases, mirrored as most scans are."""
    matrix = np.diag([-SPACING_MM[0], -SPACING_MM[1], SPACING_MM[2], 1.0])
    middle = body_grid().corners_ras().mean(axis=0)
    matrix[:3, 3] = middle - matrix[:3, :3] @ ((np.array(SHAPE) - 1) / 2)
    phantom = liver_phantom(Geometry(SHAPE, np.float32(matrix)), metastases=5, seed=3)
    study = Study(
        pseudonym="phantom", source="masks", modality=Modality.CT, phase=Phase.PORTAL, shape=SHAPE,
        spacing_mm=SPACING_MM, orientation="".join(phantom.geometry.axcodes),
    )  # fmt: skip
    case = SegmentedCase(
        study=study,
        maps=CaseMaps(structures=phantom.structures, lesions=phantom.lesions),
        division=Division(couinaud=phantom.couinaud, source=SegmentSource.GIVEN),
    )
    with published(folder) as staging:
        write_segmented(case, staging)


def main(folder: Path) -> None:
    """Print the times, in ms, with the quick figures that each step is answered with."""
    if not folder.exists():
        made(folder)
    start = time.perf_counter()
    draft = begun(folder, "benchmark")
    print(f"begin: {1e3 * (time.perf_counter() - start):.0f} ms")
    tally = draft.sheet.tallies[1]
    x, y, z = draft.sheet.geometry.ras_from_index(tally.index_sum / tally.voxels).tolist()
    line = tuple((x + 25 + i / 2, y + i / 3, z) for i in range(60))
    steps: dict[str, Asked] = {
        "disc of 5 mm": Paint(stroke=Stroke(points_mm=line[:1], radius_mm=5.0)),
        "disc of 5 mm along 60 points": Paint(stroke=Stroke(points_mm=line, radius_mm=5.0)),
        "ball of 12 mm": Paint(
            stroke=Stroke(points_mm=line[:1], radius_mm=12.0, shape=BrushShape.BALL)
        ),
        "erase 5 mm": Erase(stroke=Stroke(points_mm=((x, y, z),), radius_mm=5.0), lesion=1),
        "erase liver 8 mm": Erase(
            stroke=Stroke(points_mm=line[:1], radius_mm=8.0), target=Target.LIVER
        ),
        "delete a lesion": Delete(lesion=1),
    }
    for name, asked in steps.items():
        taken = []
        for _ in range(TIMES):
            start = time.perf_counter()
            draft.do(asked)
            quick_figures(draft)
            taken.append(1e3 * (time.perf_counter() - start))
            draft.undo()
        print(f"{name}: {', '.join(f'{ms:.0f}' for ms in taken)} ms")
    draft.drop()
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
