"""Which true lesions were found: one-to-one matching of lesions by overlap."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from remnant.core.agreement import DetectionScore, LesionMatch, Outcome, SizeClass
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from volumetry.lesions.calipers import axial_diameters

Codes = NDArray[Any]
CONNECTIVITY = 26


class _Pair(NamedTuple):
    """Two lesions with a common voxel, by their numbers."""

    truth: int
    prediction: int
    iou: float


class _Found(NamedTuple):
    """One lesion of a map."""

    volume_ml: float
    diameter_mm: float


def components(mask: NDArray[np.bool_]) -> NDArray[Any]:
    """Give every group of voxels that touch by face, edge or corner a number from 1 on."""
    import cc3d

    # as codes: of a thin truth mask cc3d 4.1 may need one number more than it reserves
    codes = mask.view(np.uint8)
    labels: NDArray[Any] = cc3d.connected_components(codes, connectivity=CONNECTIVITY)
    return labels


def match_lesions(
    prediction: Codes, truth: Codes, geometry: Geometry, *, match_iou: float
) -> tuple[LesionMatch, ...]:
    """Pair predicted with true lesions, one to one.

    A pair needs a common voxel and an IoU of at least ``match_iou``. Of all ways to pair them, one
    with the most pairs is taken and, among those, one with the largest sum of IoU. Above an IoU of
    0.5 a lesion has at most one candidate.

    Parameters
    ----------
    prediction, truth
        Lesion numbers of one shape ``(I, J, K)``, 0 where there is none.
    geometry
        Grid that gives the axes; its shape and origin do not matter.
    match_iou
        In [0, 1].

    Returns
    -------
    tuple of LesionMatch
        True lesions by number, then false ones by number.

    Raises
    ------
    InputError
        The maps have different shapes.
    """
    if prediction.shape != truth.shape:
        raise InputError(
            f"lesion maps of shapes {prediction.shape} and {truth.shape} are not of one grid; "
            f"resample one of them"
        )
    pairs = [pair for pair in _overlapping(prediction, truth) if pair.iou >= match_iou]
    partner = {pair.truth: pair for pair in _best(pairs)}
    found, there = _measured(prediction, geometry), _measured(truth, geometry)
    taken = {pair.prediction for pair in partner.values()}
    return (
        *(_of_truth(number, partner.get(number), found, there) for number in there),
        *(_false(number, found[number]) for number in found if number not in taken),
    )


def detection_score(matches: Iterable[LesionMatch]) -> DetectionScore:
    """Count lesions found, missed and false."""
    outcomes = [match.outcome for match in matches]
    return DetectionScore(
        true_positives=outcomes.count(Outcome.TRUE_POSITIVE),
        false_negatives=outcomes.count(Outcome.FALSE_NEGATIVE),
        false_positives=outcomes.count(Outcome.FALSE_POSITIVE),
    )


def detection_by_size(matches: Sequence[LesionMatch]) -> Mapping[SizeClass, DetectionScore]:
    """Count by size class: found and missed lesions by their true size, false ones by their own."""
    return {size: detection_score(m for m in matches if m.size_class is size) for size in SizeClass}


def _of_truth(
    number: int, pair: _Pair | None, found: Mapping[int, _Found], there: Mapping[int, _Found]
) -> LesionMatch:
    true = there[number]
    return LesionMatch(
        outcome=Outcome.TRUE_POSITIVE if pair else Outcome.FALSE_NEGATIVE,
        truth_id=number,
        prediction_id=pair.prediction if pair else None,
        truth_ml=true.volume_ml,
        prediction_ml=found[pair.prediction].volume_ml if pair else None,
        diameter_mm=true.diameter_mm,
        iou=pair.iou if pair else None,
    )


def _false(number: int, lesion: _Found) -> LesionMatch:
    return LesionMatch(
        outcome=Outcome.FALSE_POSITIVE,
        truth_id=None,
        prediction_id=number,
        truth_ml=None,
        prediction_ml=lesion.volume_ml,
        diameter_mm=lesion.diameter_mm,
        iou=None,
    )


def _measured(codes: Codes, geometry: Geometry) -> dict[int, _Found]:
    """Measure every lesion of a map, by its number."""
    from scipy.ndimage import find_objects

    lesions = {}
    for number, box in enumerate(find_objects(codes), start=1):
        if box is not None:
            mask = codes[box] == number
            volume_ml = int(np.count_nonzero(mask)) * geometry.voxel_volume_ml
            lesions[number] = _Found(volume_ml, axial_diameters(mask, geometry).longest_mm)
    return lesions


def _overlapping(prediction: Codes, truth: Codes) -> Iterator[_Pair]:
    found = np.bincount(prediction[prediction > 0])
    there = np.bincount(truth[truth > 0])
    both = (prediction > 0) & (truth > 0)
    keys = truth[both].astype(np.int64) * max(found.size, 1) + prediction[both]
    for key, common in zip(*np.unique(keys, return_counts=True), strict=True):
        true, predicted = divmod(int(key), found.size)
        union = int(there[true]) + int(found[predicted]) - int(common)
        yield _Pair(true, predicted, int(common) / union)


def _best(pairs: Sequence[_Pair]) -> Iterator[_Pair]:
    """Choose one to one, apart in every group of lesions that hang together."""
    return chain.from_iterable(_best_of_group(group) for group in _groups(pairs))


def _groups(pairs: Sequence[_Pair]) -> list[list[_Pair]]:
    if not pairs:
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    true, predicted = (np.array([p[side] for p in pairs]) for side in (0, 1))
    first_prediction = int(true.max()) + 1
    size = first_prediction + int(predicted.max()) + 1
    links = (np.ones(len(pairs)), (true, predicted + first_prediction))
    of_node = connected_components(coo_array(links, shape=(size, size)), directed=False)[1]
    groups: dict[int, list[_Pair]] = {}
    for pair in pairs:
        groups.setdefault(int(of_node[pair.truth]), []).append(pair)
    return list(groups.values())


def _best_of_group(group: Sequence[_Pair]) -> list[_Pair]:
    if len(group) == 1:
        return list(group)
    from scipy.optimize import linear_sum_assignment

    rows = {n: row for row, n in enumerate(sorted({pair.truth for pair in group}))}
    columns = {n: column for column, n in enumerate(sorted({pair.prediction for pair in group}))}
    places = {(rows[pair.truth], columns[pair.prediction]): pair for pair in group}
    # one pair more outweighs any sum of IoU
    one_more = 1.0 + min(len(rows), len(columns))
    gain = np.zeros((len(rows), len(columns)))
    for place, pair in places.items():
        gain[place] = one_more + pair.iou
    chosen = zip(*linear_sum_assignment(gain, maximize=True), strict=True)
    return [places[place] for place in chosen if place in places]
