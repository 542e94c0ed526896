"""``segmentation.json``: what the segment stage knows beside its maps, for the stages after it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from remnant.core.errors import InputError
from remnant.core.lesions import Confirmation, IntensityStatistics
from remnant.core.provenance import ModelUse
from remnant.core.volumetry_report import SegmentSource
from remnant.pipeline.segmented import SegmentedCase
from remnant.reporting.decode import decode_findings, decode_planted, decode_study
from remnant.reporting.encode import encode_findings, encode_planted, encode_study
from remnant.reporting.json_files import read_json, write_json

STATE_VERSION: Final = "1.0"

Json = dict[str, Any]


def write_state(case: SegmentedCase, path: Path) -> None:
    """Write a case's facts; its maps are written beside it."""
    write_json(_encode(case), path)


def read_state(path: Path) -> Json:
    """Read a case's facts as keyword arguments of `SegmentedCase`, maps left out.

    Raises
    ------
    UnreadableFileError
        The file is missing, too large, or not JSON.
    InputError
        It is JSON but not a state of this version.
    """
    document = read_json(path, what="case's state")
    if not isinstance(document, dict) or document.get("state_version") != STATE_VERSION:
        raise InputError(f"{path.name} is no state of version {STATE_VERSION}; segment again")
    try:
        return _decode(document)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path.name} is damaged ({error!r}); segment again") from error


def _encode(case: SegmentedCase) -> Json:
    source = case.segment_source
    return {
        "state_version": STATE_VERSION,
        "study": encode_study(case.study),
        "lesions_known": case.lesions is not None,
        "exophytic_known": case.exophytic is not None,
        "segment_source": None if source is None else source.value,
        "segments_reason": case.segments_reason,
        "confirmations": {str(n): said.value for n, said in sorted(case.confirmations.items())},
        "intensities": {str(n): asdict(known) for n, known in sorted(case.intensities.items())},
        "quality": encode_findings(case.quality),
        "models": [
            {"id": m.id, "version": m.version, "weights_sha256": m.weights_sha256}
            for m in case.models
        ],
        "device": case.device,
        "inputs_sha256": dict(sorted(case.inputs_sha256.items())),
        "configuration": dict(sorted(case.configuration.items())),
        "seed": case.seed,
        "planted": [encode_planted(lesion) for lesion in case.planted],
        "seconds": dict(case.seconds),
    }


def _decode(document: Mapping[str, Any]) -> Json:
    source = document["segment_source"]
    return {
        "study": decode_study(document["study"]),
        "lesions_known": bool(document["lesions_known"]),
        "exophytic_known": bool(document["exophytic_known"]),
        "segment_source": None if source is None else SegmentSource(source),
        "segments_reason": document["segments_reason"],
        "confirmations": {int(n): Confirmation(c) for n, c in document["confirmations"].items()},
        "intensities": _intensities(document.get("intensities", {})),  # older states have none
        "quality": decode_findings(document["quality"]),
        "models": tuple(ModelUse(**model) for model in document["models"]),
        "device": document["device"],
        "inputs_sha256": dict(document["inputs_sha256"]),
        "configuration": dict(document["configuration"]),
        "seed": document["seed"],
        "planted": tuple(decode_planted(lesion) for lesion in document["planted"]),
        "seconds": dict(document["seconds"]),
    }


def _intensities(known: Mapping[str, Mapping[str, Any]]) -> dict[int, IntensityStatistics]:
    return {
        int(n): IntensityStatistics(**{name: float(figure) for name, figure in figures.items()})
        for n, figures in known.items()
    }
