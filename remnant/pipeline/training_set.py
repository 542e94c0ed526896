"""Cases as a data set for nnU-Net, with labels that someone stands for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, Structure
from remnant.core.lesions import Confirmation
from remnant.core.map_description import Origin
from remnant.core.progress import Progress, silent
from remnant.core.volumes import LabelMap, Modality
from remnant.documents.json_files import write_json
from remnant.io.nifti import write_image, write_labels
from remnant.pipeline.export import STEP, Exported
from remnant.pipeline.export_folder import published_export, replaced_export
from remnant.pipeline.export_scan import scan_of
from remnant.pipeline.exporting import ExportRequest, Target, TrainingLabels
from remnant.pipeline.folder import read_stored
from remnant.pipeline.origins import (
    lesion_origin,
    origin_of_lesion,
    segments_origin,
    structure_origins,
)
from remnant.pipeline.segmented import SegmentedCase
from remnant.wording.exports import HOW_TO_OPEN

DATASET: Final = re.compile(r"Dataset[0-9]{3}_[A-Za-z0-9_]+")
DATASET_JSON, IMAGES, LABELS = "dataset.json", "imagesTr", "labelsTr"
ENDING: Final = ".nii.gz"
CHANNELS: Final[Mapping[Modality, str]] = {Modality.CT: "CT", Modality.MR: "MRI"}
"""nnU-Net chooses how to normalise by the name of the channel."""
LIVER, LESION = 1, 2
MOST_SHOWN: Final = 8
NAMES: Final[Mapping[TrainingLabels, Mapping[str, int]]] = {
    TrainingLabels.STRUCTURES: {"background": 0, "liver": LIVER, "lesion": LESION},
    TrainingLabels.COUINAUD: {
        "background": 0,
        **{label.name.replace(" ", "_"): int(label.code) for label in COUINAUD_SCHEME.labels},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A case in the data set: its name there, how its image was made, and its labels' origins."""

    name: str
    modality: Modality
    facts: Mapping[str, object]


def export_training_set(request: ExportRequest, *, progress: Progress = silent) -> Exported:
    """Write cases with their scans as a data set for nnU-Net; it appears whole or not at all.

    Labels are the liver (vessels included) and its lesions, rejected ones left out; or Couinaud's
    segments.

    Raises
    ------
    InputError
        The folder is not named as nnU-Net names data sets, a case has no scan or another one, two
        cases are of one study, scans of both kinds are mixed, or nobody stands for a case's labels.
    GeometryMismatchError
        A scan lies on another grid than its case.
    UnreadableFileError
        A folder holds no case, or a scan cannot be read.
    """
    _require_request(request)
    facts = {"target": request.target.value}
    replaced = replaced_export(request.output, facts)
    with published_export(request.output, facts) as staging:
        for folder in (IMAGES, LABELS):
            (staging / folder).mkdir()
        written = list(_written(request, staging, progress))
        write_json(_dataset(request, written), staging / DATASET_JSON)
        files = tuple(sorted(path.relative_to(staging).as_posix() for path in staging.rglob("*.*")))
    opening = HOW_TO_OPEN[Target.NNUNET]
    return Exported(folder=request.output, files=files, opening=opening, replaced=replaced)


def _require_request(request: ExportRequest) -> None:
    if not DATASET.fullmatch(request.output.resolve().name):
        raise InputError(
            f"--to nnunet got -o {request.output}; allowed is a name such as Dataset501_Liver, as "
            f"nnU-Net asks for"
        )
    if len(request.images) != len(request.cases):
        raise InputError(
            f"--to nnunet got {len(request.cases)} case(s) and {len(request.images)} scan(s); give "
            f"--image SCAN once for each case, in their order: a case keeps no scan"
        )


def _written(request: ExportRequest, staging: Path, progress: Progress) -> Iterator[_Written]:
    """Write one case after the other: only one is in memory."""
    names: dict[str, Path] = {}
    kinds: dict[Modality, Path] = {}
    for number, folder in enumerate(request.cases):
        progress(STEP, number, len(request.cases))
        case = read_stored(folder).case
        if not request.unconfirmed:
            _require_corrected(case, folder, request.labels)
        done = _write_case(case, folder, request, number=number, staging=staging)
        if (other := names.setdefault(done.name, folder)) is not folder:
            raise InputError(f"{other} and {folder} are cases of one study; give one of them")
        kinds.setdefault(done.modality, folder)
        if len(kinds) > 1:
            raise InputError(
                f"{' and '.join(map(str, kinds.values()))} are of CT and of MR; make a data set of "
                f"each"
            )
        yield done
    progress(STEP, len(request.cases), len(request.cases))


def _write_case(
    case: SegmentedCase, folder: Path, request: ExportRequest, *, number: int, staging: Path
) -> _Written:
    image = scan_of(
        case, folder, request.images[number], modality=request.modality, progress=silent
    )
    labels = LabelMap(_codes(case, folder, request.labels), image.geometry, INSTANCE_SCHEME)
    name = case.study.pseudonym
    write_image(image, staging / IMAGES / f"{name}_0000{ENDING}")
    write_labels(labels, staging / LABELS / f"{name}{ENDING}")
    facts = {
        "origins": _origins(case, request.labels),
        "image_sha256": case.inputs_sha256.get("image"),
    }
    return _Written(name=name, modality=image.modality, facts=facts)


def _codes(case: SegmentedCase, folder: Path, labels: TrainingLabels) -> NDArray[np.uint8]:
    if labels is TrainingLabels.COUINAUD:
        if case.division.couinaud is None:
            raise InputError(f"{folder} has no Couinaud segments; leave it or --labels out")
        return case.division.couinaud.codes.astype(np.uint8)
    if case.maps.lesions is None:
        raise InputError(
            f"{folder} has no lesion map, so that its liver may hold lesions; leave it out, or "
            f"measure it with a map of its lesions"
        )
    structures = case.maps.structures.codes
    codes = (structures > 0).astype(np.uint8)
    codes[structures == Structure.LESION] = LESION
    return codes


def _origins(case: SegmentedCase, labels: TrainingLabels) -> dict[str, str]:
    if labels is TrainingLabels.COUINAUD:
        return {"couinaud": segments_origin(case).value}
    liver = structure_origins(case)[Structure.PARENCHYMA]
    return {"liver": liver.value, "lesions": lesion_origin(case).value}


def _require_corrected(case: SegmentedCase, folder: Path, labels: TrainingLabels) -> None:
    """Raise where nobody stands for the labels: a network would learn another's errors."""
    if labels is TrainingLabels.COUINAUD:
        open_segments = segments_origin(case) not in {Origin.GIVEN, Origin.EDITED}
        if open_segments and case.division.confirmation is None:
            raise InputError(
                f"{folder}: nobody has confirmed the segments; look at them and give "
                f"`remnant run {folder} --confirm-segments NAME`, or --unconfirmed here"
            )
        return
    unread = _unread_lesions(case)
    if unread:
        shown = ", ".join(map(str, unread[:MOST_SHOWN])) + (", …" if unread[MOST_SHOWN:] else "")
        raise InputError(
            f"{folder}: nobody has confirmed or rejected lesion(s) {shown}, which a network found; "
            f"see `remnant run {folder} --confirm-lesions …`, or give --unconfirmed here"
        )


def _unread_lesions(case: SegmentedCase) -> list[int]:
    if case.maps.lesions is None:
        return []
    known, there = case.confirmations, present_codes(case.maps.lesions.codes) - {0}
    unread = (n for n in there if known.get(n, Confirmation.AUTOMATIC).is_open)
    return sorted(n for n in unread if origin_of_lesion(case, n) is Origin.AUTOMATIC)


def _dataset(request: ExportRequest, written: list[_Written]) -> dict[str, Any]:
    modality = written[0].modality
    return {
        "channel_names": {"0": CHANNELS[modality]},
        "labels": NAMES[request.labels],
        "numTraining": len(written),
        "file_ending": ENDING,
        "name": request.output.resolve().name,
        "remnant": {"cases": {one.name: one.facts for one in written}},
    }
