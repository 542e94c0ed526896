"""The demo: a real abdominal CT, reported as it is and again with planted metastases.

The sample patient has no known metastases. The second report shows what a case with tumour looks
like: seeded synthetic metastases are planted in the image, named as planted in the report, with
their true volumes beside the measured ones. Body size is assumed, and every output says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cc3d
import numpy as np
from numpy.typing import NDArray

from remnant.core.codes import present_codes
from remnant.core.findings import quality_finding
from remnant.core.lesions import PlantedLesion
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.progress import Progress, silent
from remnant.core.reasons import Cause, reason
from remnant.core.settings import SegmentationSettings
from remnant.core.volumes import LabelMap, Modality
from remnant.io.reading import ReadingChoice
from remnant.io.source import LoadedStudy, load_study
from remnant.pipeline.divide import with_segments
from remnant.pipeline.folder import require_output_folder
from remnant.pipeline.samples import fetch_sample
from remnant.pipeline.segment import case_from_image, with_image
from remnant.pipeline.segment_sources import NOTHING_GIVEN
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.timing import Stopwatch
from segmentation.port import SegmentDivider, Segmenter
from segmentation.synthetic import Planted, plant_metastases

SEED: Final = 20261122
ASSUMED_PATIENT: Final = Patient(
    height_cm=170.0,
    weight_kg=70.0,
    sex=Sex.MALE,
    age_years=60.0,
    background=LiverBackground.UNKNOWN,
    body_size_assumed=True,
)
AS_IS: Final = "as-it-is"
PLANTED: Final = "planted"
SAMPLE: Final = "TotalSegmentator 2.4.0 example_ct"


def demo_cases(
    output: Path,
    *,
    segmenter: Segmenter,
    divider: SegmentDivider,
    seed: int = SEED,
    progress: Progress = silent,
) -> Iterator[tuple[Path, SegmentedCase]]:
    """Fetch the sample CT and yield it segmented, as it is and then with planted metastases.

    Each comes with its folder under ``output``, ``as-it-is`` or ``planted``, which is still to be
    made, as `remnant.pipeline.run.finish_case` does. The segments are estimated from the liver's
    shape, as for any scan that comes alone.

    Raises
    ------
    ModelUnavailableError
        The sample or the weights are not in the cache and could not be fetched.
    """
    for name in (AS_IS, PLANTED):
        require_output_folder(output / name)
    sample = fetch_sample(progress)
    loaded = load_study(sample.ct, choice=ReadingChoice(modality=Modality.CT), progress=progress)
    engines = _Engines(segmenter=segmenter, divider=divider)
    case = _segmented(loaded, engines, _prefixed("scan as it is", progress))
    yield output / AS_IS, case
    planted = plant_metastases(loaded.image, case.maps.structures, seed=seed)
    altered = replace(loaded, image=planted.image)
    named = _prefixed("with planted metastases", progress)
    yield output / PLANTED, _with_truth(_segmented(altered, engines, named), planted, seed)


def _prefixed(prefix: str, progress: Progress) -> Progress:
    def named(stage: str, done: int, total: int) -> None:
        progress(f"{prefix}: {stage}", done, total)

    return named


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engines:
    segmenter: Segmenter
    divider: SegmentDivider


def _segmented(loaded: LoadedStudy, engines: _Engines, progress: Progress) -> SegmentedCase:
    watch = Stopwatch()
    with watch.measure("segment"):
        case = case_from_image(loaded, segmenter=engines.segmenter, progress=progress)
        case = with_image(case, loaded.image)
    known = replace(case, seconds=watch.seconds, settings=SegmentationSettings(sample=SAMPLE))
    return with_segments(known, NOTHING_GIVEN, divider=engines.divider, progress=progress)


def _with_truth(case: SegmentedCase, planted: Planted, seed: int) -> SegmentedCase:
    lesions = match_planted(case.maps.lesions, planted)
    false_alarms = _count_unmatched(case.maps.lesions, planted.truth)
    missed = sum(lesion.measured_ml == 0.0 for lesion in lesions)
    true_ml = sum(lesion.true_volume_ml for lesion in lesions)
    measured_ml = sum(lesion.measured_ml for lesion in lesions)
    finding = quality_finding(
        "planted_metastases",
        passed=missed == 0 and false_alarms == 0,
        reasons=(
            reason(Cause.PLANTED, len(lesions), true_ml, seed, missed, measured_ml, false_alarms),
        ),
    )
    return replace(case, planted=lesions, seed=seed, quality=(finding, *case.quality))


def match_planted(lesions: LabelMap | None, planted: Planted) -> tuple[PlantedLesion, ...]:
    """Set each planted metastasis's true volume beside the measured one.

    A found lesion that overlaps planted ones is measured for them: each of its voxels counts for
    the planted metastasis whose centre is nearest. Found lesions that overlap none count for none.
    """
    truth, voxel_ml = planted.truth, planted.truth.geometry.voxel_volume_ml
    numbers = sorted(planted.true_volumes_ml)
    centres = np.array([planted.centres_ras_mm[n] for n in numbers])
    counts = np.zeros(len(numbers), dtype=int)
    for overlapped, voxels in _overlapping(lesions, truth):
        rows = np.flatnonzero(np.isin(numbers, overlapped))
        away = np.linalg.norm(voxels[:, None] - centres[rows][None], axis=2)
        counts += np.bincount(rows[away.argmin(axis=1)], minlength=len(numbers))
    return tuple(
        PlantedLesion(
            id=number,
            centre_ras_mm=planted.centres_ras_mm[number],
            true_volume_ml=planted.true_volumes_ml[number],
            measured_ml=float(count * voxel_ml),
        )
        for number, count in zip(numbers, counts, strict=True)
    )


def _overlapping(
    lesions: LabelMap | None, truth: LabelMap
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Return, for each found lesion over planted ones, their numbers and its voxels in RAS mm."""
    if lesions is None:
        return []
    found = []
    for _, component in cc3d.each(lesions.codes, binary=True):
        below = np.unique(truth.codes[component])
        overlapped = below[below > 0].astype(np.int64)
        if overlapped.size:
            found.append((overlapped, truth.geometry.ras_from_index(np.argwhere(component))))
    return found


def _count_unmatched(lesions: LabelMap | None, truth: LabelMap) -> int:
    if lesions is None:
        return 0
    matched = set(np.unique(lesions.codes[truth.codes > 0]).tolist()) - {0}
    return len(present_codes(lesions.codes) - {0} - matched)
