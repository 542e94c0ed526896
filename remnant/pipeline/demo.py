"""The demo: a real liver with tumour, and a real abdominal CT as it is and with planted metastases.

The first liver is a published one with its annotated tumour, see `remnant.pipeline.samples`: given
is the liver, the network finds the lesions. The scan is a box around it and its voxel size is an
estimate, which the report says, with what the box cuts off and the annotated tumour beside the
measured one.

The other patient has no known metastases, and the scan cuts the liver. The third report has seeded
synthetic metastases, planted in the image and named so, with their true volumes beside the measured
ones. Persons are assumed, and every output says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cc3d
import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding, quality_finding
from remnant.core.labels import BINARY_SCHEME
from remnant.core.lesions import PlantedLesion
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.progress import Progress, silent
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.settings import SegmentationSettings
from remnant.core.volumes import LabelMap, Modality
from remnant.io.nifti import read_labels
from remnant.io.reading import ReadingChoice
from remnant.io.source import LoadedStudy, load_study
from remnant.pipeline.divide import with_segments
from remnant.pipeline.folder import require_output_folder
from remnant.pipeline.held import require_nothing_said
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.samples import (
    BEYOND_BOX_FRACTION,
    LiverSample,
    Sample,
    fetch_liver,
    fetch_sample,
)
from remnant.pipeline.segment import case_from_image, seen_in_scan, segment_case
from remnant.pipeline.segment_sources import NOTHING_GIVEN
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.timing import Stopwatch
from segmentation.port import SegmentDivider, Segmenter
from segmentation.synthetic import Planted, plant_metastases

SEED: Final = 20261122
HEIGHT_CM, WEIGHT_KG, AGE_YEARS, SEX = 170.0, 70.0, 60.0, Sex.MALE
ASSUMED_PATIENT: Final = Patient(
    height_cm=HEIGHT_CM,
    weight_kg=WEIGHT_KG,
    sex=SEX,
    age_years=AGE_YEARS,
    background=LiverBackground.UNKNOWN,
    body_size_assumed=True,
)
NORMAL_LIVER: Final = replace(ASSUMED_PATIENT, background=LiverBackground.NORMAL)
"""The person of the first report: without a kind of liver no minimum could be chosen."""
TUMOUR: Final = "lits-117"
AS_IS: Final = "as-it-is"
PLANTED: Final = "planted"
TUMOUR_SAMPLE: Final = "liver-ct-segmentation-package 1.6.0 LiTS 117"
SAMPLE: Final = "TotalSegmentator 2.4.0 example_ct"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCase:
    """A case that is segmented, its folder that is still to be made, and the assumed person."""

    folder: Path
    case: SegmentedCase
    patient: Patient


def demo_cases(
    output: Path,
    *,
    segmenter: Segmenter,
    divider: SegmentDivider,
    seed: int = SEED,
    progress: Progress = silent,
) -> Iterator[DemoCase]:
    """Fetch the scans and yield each case segmented: the liver with tumour, the CT, planted ones.

    Folders are ``lits-117``, ``as-it-is`` and ``planted`` under ``output``, still to be made, as
    `remnant.pipeline.run.finish_case` does. The segments are estimated from the liver's shape, as
    for any scan that comes alone.

    Raises
    ------
    ModelUnavailableError
        A scan or the weights are not in the cache and could not be fetched.
    """
    for name in (TUMOUR, AS_IS, PLANTED):
        require_output_folder(output / name)
        require_nothing_said(output / name)
    liver, sample = fetch_liver(progress), fetch_sample(progress)
    engines = _Engines(segmenter=segmenter, divider=divider)
    case = _liver_with_tumour(liver, engines, _prefixed(TUMOUR, progress))
    yield DemoCase(folder=output / TUMOUR, case=case, patient=NORMAL_LIVER)
    for name, one in _with_and_without_planted(sample, engines, seed, progress):
        yield DemoCase(folder=output / name, case=one, patient=ASSUMED_PATIENT)


def _with_and_without_planted(
    sample: Sample, engines: "_Engines", seed: int, progress: Progress
) -> Iterator[tuple[str, SegmentedCase]]:
    loaded = load_study(sample.ct, choice=ReadingChoice(modality=Modality.CT), progress=progress)
    case = _segmented(loaded, engines, _prefixed(AS_IS, progress))
    yield AS_IS, case
    planted = plant_metastases(loaded.image, case.maps.structures, seed=seed)
    altered = replace(loaded, image=planted.image)
    named = _prefixed(PLANTED, progress)
    yield PLANTED, _with_truth(_segmented(altered, engines, named), planted, seed)


def _prefixed(prefix: str, progress: Progress) -> Progress:
    def named(stage: str, done: int, total: int) -> None:
        progress(f"{prefix}: {stage}", done, total)

    return named


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engines:
    segmenter: Segmenter
    divider: SegmentDivider


def _liver_with_tumour(sample: LiverSample, engines: _Engines, progress: Progress) -> SegmentedCase:
    request = SegmentRequest(
        source=sample.ct,
        reading=ReadingChoice(modality=Modality.CT),
        masks={"liver": sample.liver},
    )
    case = segment_case(
        request, segmenter=engines.segmenter, divider=engines.divider, progress=progress
    )
    # The box cuts a little of the liver: said in the report, and no reason to decide nothing.
    settings = replace(case.settings, whole_liver=True, sample=TUMOUR_SAMPLE)
    quality = (*_sample_findings(case, read_labels(sample.tumour, BINARY_SCHEME)), *case.quality)
    return replace(case, settings=settings, quality=quality)


def _sample_findings(case: SegmentedCase, tumour: LabelMap) -> tuple[Finding, ...]:
    assumed = (AGE_YEARS, HEIGHT_CM, WEIGHT_KG, SEX, NORMAL_LIVER.background)
    spacing_mm = tumour.geometry.spacing_mm
    return (
        quality_finding("sample_origin", passed=None),
        quality_finding("sample_tumour", passed=None, reasons=(_annotated(case, tumour),)),
        quality_finding(
            "sample_spacing", passed=None, reasons=(reason(Cause.SAMPLE_SPACING, *spacing_mm),)
        ),
        quality_finding("sample_box", passed=None, value=BEYOND_BOX_FRACTION),
        quality_finding(
            "sample_person", passed=None, reasons=(reason(Cause.SAMPLE_PERSON, *assumed),)
        ),
    )


def _annotated(case: SegmentedCase, tumour: LabelMap) -> Reason:
    """Set the annotated tumour beside the measured one."""
    true = tumour.mask()
    none = np.zeros(true.shape, dtype=bool)
    found = none if case.maps.lesions is None else case.maps.lesions.mask()
    voxels = np.array([np.count_nonzero(mask) for mask in (true, found, true & found)])
    true_ml, measured_ml, common_ml = (voxels * tumour.geometry.voxel_volume_ml).tolist()
    liver_ml = np.count_nonzero(case.maps.structures.mask()) * tumour.geometry.voxel_volume_ml
    return reason(
        Cause.SAMPLE_TUMOUR,
        true_ml,
        true_ml / liver_ml,
        measured_ml,
        measured_ml / liver_ml,
        2.0 * common_ml / (true_ml + measured_ml),
    )


def _segmented(loaded: LoadedStudy, engines: _Engines, progress: Progress) -> SegmentedCase:
    watch = Stopwatch()
    with watch.measure("segment"):
        case = case_from_image(loaded, segmenter=engines.segmenter, progress=progress)
        case = seen_in_scan(case, loaded)
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
    return len(lesions.present() - {0} - matched)
