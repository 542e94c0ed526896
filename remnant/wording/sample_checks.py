"""What is to be known of the demo's liver, in words."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Finding
from remnant.core.reasons import Cause, Reason
from remnant.core.units import percent_from_fraction
from remnant.wording.kinds import Template, Writer
from remnant.wording.language import localised, say


def _origin(finding: Finding) -> str:
    del finding
    return say(
        "A real, published scan: case 117 of the Liver Tumor Segmentation Benchmark (LiTS), "
        "from the Python package liver-ct-segmentation-package 1.6.0 (MIT licence). The liver "
        "is the benchmark's annotation, given; the lesions were found by the network, the "
        "segments are estimated."
    )


def _spacing(finding: Finding) -> str:
    sizes = " × ".join(
        localised(f"{size:.2f}") for size in _reason(finding, Cause.SAMPLE_SPACING).amounts
    )
    return say(
        "The scan was published without its voxel size: {sizes} mm is an estimate, by another "
        "annotation of the same liver. Every mm and mL rests on it; shares of the liver "
        "hardly do.",
        sizes=sizes,
    )


def _box(finding: Finding) -> str:
    percent = percent_from_fraction(finding.value or 0.0)
    return say(
        "The scan was cut to a box. About {percent:.0f} % of the liver, at its right flank "
        "and its left tip, lie beyond it; the demo takes the liver in the box for the whole "
        "one.",
        percent=percent,
    )


def _tumour(finding: Finding) -> str:
    true_ml, true, measured_ml, measured, dice = _reason(finding, Cause.SAMPLE_TUMOUR).amounts
    true_percent, percent = percent_from_fraction(true), percent_from_fraction(measured)
    return say(
        "Tumour that the benchmark annotated: {true_ml:.0f} mL, {true_percent:.1f} % of the "
        "liver. The network found {measured_ml:.0f} mL, {percent:.1f} %, with a Dice of "
        "{dice:.2f}. Whether it was trained on LiTS is not known.",
        true_ml=true_ml,
        true_percent=true_percent,
        measured_ml=measured_ml,
        percent=percent,
        dice=dice,
    )


def _person(finding: Finding) -> str:
    found = _reason(finding, Cause.SAMPLE_PERSON)
    age_years, height_cm, weight_kg = found.amounts
    sex, background = found.names
    return say(
        "Nothing is known of the person. Assumed for the demo: {sex}, {age_years:g} years, "
        "{height_cm:g} cm, {weight_kg:g} kg, liver background {background}.",
        sex=sex,
        age_years=age_years,
        height_cm=height_cm,
        weight_kg=weight_kg,
        background=background,
    )


def _reason(finding: Finding, cause: Cause) -> Reason:
    return next(one for one in finding.reasons if one.cause is cause)


WRITERS: Final[Mapping[str, Writer]] = {
    "sample_origin": _origin,
    "sample_tumour": _tumour,
    "sample_spacing": _spacing,
    "sample_box": _box,
    "sample_person": _person,
}
"""In the order in which they are read."""

CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.SAMPLE_PERSON: (
        "assumed: {names[0]}, {amounts[0]:g} years, {amounts[1]:g} cm, {amounts[2]:g} kg, liver "
        "background {names[1]}"
    ),
    Cause.SAMPLE_SPACING: (
        "the voxel size, {amounts[0]:.2f} × {amounts[1]:.2f} × {amounts[2]:.2f} mm, is estimated"
    ),
    Cause.SAMPLE_TUMOUR: (
        "{amounts[0]:.0f} mL of tumour were annotated, {amounts[2]:.0f} mL measured"
    ),
}
