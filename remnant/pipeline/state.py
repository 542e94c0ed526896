"""``segmentation.json``: what the segment stage knows beside its maps, for the stages after it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from remnant.core.errors import InputError
from remnant.core.lesions import Confirmation, IntensityStatistics
from remnant.core.provenance import ModelUse
from remnant.core.reasons import Cause, Reason
from remnant.core.uncertainty import SegmentPlane
from remnant.core.volumetry_report import SegmentsConfirmation, SegmentSource
from remnant.documents.decode import decode_findings, decode_planted, decode_study
from remnant.documents.encode import encode_findings, encode_planted, encode_study
from remnant.documents.json_files import read_json, write_json
from remnant.pipeline.fingerprints import Fingerprint
from remnant.pipeline.segmented import SegmentedCase

STATE_VERSION: Final = "1.1"
READABLE: Final = ("1.0", STATE_VERSION)
"""1.0 knew no confirmation of segments, no error for each plane, and no IVa and IVb."""
NO_FINGERPRINTS: Final[Mapping[str, Fingerprint]] = MappingProxyType({})

Json = dict[str, Any]


def write_state(
    case: SegmentedCase, path: Path, *, fingerprints: Mapping[str, Fingerprint] = NO_FINGERPRINTS
) -> None:
    """Write a case's facts; its maps are written beside it.

    ``fingerprints``, by the maps' file names, tell whether another program changes one later.
    """
    maps = {name: asdict(known) for name, known in sorted(fingerprints.items())}
    write_json(_encode(case) | {"maps_sha256": maps}, path)


def read_state(path: Path) -> Json:
    """Read a case's facts as keyword arguments of `SegmentedCase`, maps left out.

    Beside those are ``lesions_known``, ``exophytic_known`` and ``segment_iv_known``, which tell
    what maps there are, and ``fingerprints``.

    Raises
    ------
    UnreadableFileError
        The file is missing, too large, or not JSON.
    InputError
        It is JSON but not a state of this version.
    """
    document = read_json(path, what="case's state")
    if not isinstance(document, dict) or document.get("state_version") not in READABLE:
        versions = " or ".join(READABLE)
        raise InputError(f"{path.name} is no state of version {versions}; segment again")
    try:
        return _decode(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path.name} is damaged ({error!r}); segment again") from error


def _encode(case: SegmentedCase) -> Json:
    source = case.segment_source
    return {
        "state_version": STATE_VERSION,
        "study": encode_study(case.study),
        "lesions_known": case.lesions is not None,
        "exophytic_known": case.exophytic is not None,
        "segment_source": None if source is None else source.value,
        "segments_reasons": [asdict(reason) for reason in case.segments_reasons],
        **_encode_division(case),
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
        "segments_reasons": tuple(_reason(one) for one in document["segments_reasons"]),
        **_decode_division(document),
        "confirmations": {int(n): Confirmation(c) for n, c in document["confirmations"].items()},
        "intensities": _intensities(document.get("intensities", {})),  # older states have none
        "fingerprints": _fingerprints(document.get("maps_sha256", {})),  # so do these
        "quality": decode_findings(document["quality"]),
        "models": tuple(ModelUse(**model) for model in document["models"]),
        "device": document["device"],
        "inputs_sha256": dict(document["inputs_sha256"]),
        "configuration": dict(document["configuration"]),
        "seed": document["seed"],
        "planted": tuple(decode_planted(lesion) for lesion in document["planted"]),
        "seconds": dict(document["seconds"]),
    }


def _reason(document: Mapping[str, Any]) -> Reason:
    return Reason(
        Cause(document["cause"]),
        amounts=tuple(document["amounts"]),
        names=tuple(document["names"]),
        because=tuple(_reason(one) for one in document["because"]),
    )


def _encode_division(case: SegmentedCase) -> Json:
    said, planes = case.segments_confirmation, case.segment_plane_mm
    return {
        "segments_confirmation": None if said is None else asdict(said),
        "segment_plane_mm": None
        if planes is None
        else {plane.name.lower(): float(planes[plane]) for plane in sorted(planes)},
        "segment_iv_known": case.segment_iv is not None,
        "segment_models": list(case.segment_models),
        "segment_findings": list(case.segment_findings),
    }


def _decode_division(document: Mapping[str, Any]) -> Json:
    """Read what states of version 1.0 do not have."""
    said, planes = document.get("segments_confirmation"), document.get("segment_plane_mm")
    return {
        "segments_confirmation": None if said is None else SegmentsConfirmation(**said),
        "segment_plane_mm": None
        if planes is None
        else {SegmentPlane[name.upper()]: float(mm) for name, mm in planes.items()},
        "segment_iv_known": bool(document.get("segment_iv_known", False)),
        "segment_models": tuple(document.get("segment_models", ())),
        "segment_findings": tuple(document.get("segment_findings", ())),
    }


def _fingerprints(known: Mapping[str, Mapping[str, Any]]) -> dict[str, Fingerprint]:
    return {
        name: Fingerprint(file=str(digests["file"]), codes=str(digests["codes"]))
        for name, digests in known.items()
    }


def _intensities(known: Mapping[str, Mapping[str, Any]]) -> dict[int, IntensityStatistics]:
    return {
        int(n): IntensityStatistics(**{name: float(figure) for name, figure in figures.items()})
        for n, figures in known.items()
    }
