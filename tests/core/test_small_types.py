"""Units, errors, progress, lesions, landmarks, and the reports' containers."""

import dataclasses
import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

import remnant.core
from examples.reports import example_lesion
from remnant.core import errors
from remnant.core.case import CaseReport
from remnant.core.distribution import FrillingType
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.landmarks import Landmarks
from remnant.core.lesions import Confirmation, Lobe, PlantedLesion
from remnant.core.planning_report import PlanningReport
from remnant.core.progress import silent
from remnant.core.provenance import ModelUse, Provenance
from remnant.core.units import ml_from_mm3, mm3_from_ml, percent_from_fraction
from remnant.core.volumetry_report import BurdenClass, SegmentSource, VolumetryReport

MODULES = [name for _, name, _ in pkgutil.iter_modules(remnant.core.__path__, "remnant.core.")]


def dataclasses_of_core():
    for name in MODULES:
        module = importlib.import_module(name)
        for value in vars(module).values():
            is_type = isinstance(value, type) and dataclasses.is_dataclass(value)
            if is_type and value.__module__ == name:
                yield value


def lesion(**changes):
    return example_lesion(3, 1.5, **changes)


def test_units__litre_and_percent():
    assert ml_from_mm3(1_000_000.0) == 1000.0
    assert mm3_from_ml(1.5) == 1500.0
    assert percent_from_fraction(0.25) == 25.0
    assert percent_from_fraction(0.0) == 0.0


def test_silent__takes_progress_and_says_nothing(capsys):
    assert silent("stage", 1, 2) is None
    assert tuple(capsys.readouterr()) == ("", "")


@pytest.mark.parametrize(
    ("confirmation", "expected"),
    [
        (Confirmation.AUTOMATIC, True),
        (Confirmation.CONFIRMED, True),
        (Confirmation.REJECTED, False),
    ],
)
def test_lesion__only_rejected_ones_do_not_count(confirmation, expected):
    assert expected is lesion(confirmation=confirmation).counts


def test_lesion__is_unconfirmed_until_a_human_looked():
    assert Confirmation.AUTOMATIC is lesion().confirmation


def test_dataclasses__are_frozen_and_slotted():
    found = list(dataclasses_of_core())

    assert len(found) >= 20
    for kind in found:
        assert kind.__dataclass_params__.frozen, kind
        assert "__slots__" in vars(kind), kind


def test_errors__tree_in_the_docstring_is_the_tree():
    defined = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    written = set(re.findall(r"\b(\w+Error)\b", errors.__doc__)) - {"ValueError", "LookupError"}

    assert set(defined) == written
    assert all(issubclass(kind, errors.RemnantError) for kind in defined.values())
    assert issubclass(errors.InputError, ValueError)
    assert issubclass(errors.MissingMetadataError, LookupError)
    assert not issubclass(errors.RemnantError, ValueError)


@pytest.mark.parametrize(
    "name",
    ["UnreadableFileError", "UnsupportedSeriesError", "GeometryMismatchError",
     "UnknownLabelError", "EmptyStructureError", "ImplausibleValueError"],
)  # fmt: skip
def test_errors__what_the_user_gave_is_an_input_error(name):
    assert issubclass(getattr(errors, name), errors.InputError)


def test_landmarks__veins_may_be_unseen():
    point = (1.0, 2.0, 3.0)
    landmarks = Landmarks(
        ivc=point, gallbladder_fossa=point, umbilical_fissure=point, portal_bifurcation=point
    )

    assert landmarks.right_hepatic_vein is None
    assert landmarks.middle_hepatic_vein is None


def test_enums__values_are_the_words_of_the_schema():
    assert list(BurdenClass) == ["<=10", ">10-25", ">25-50", ">50"]
    assert list(FrillingType) == ["I", "II", "III", "unclassifiable"]
    assert list(SegmentSource) == ["given", "territories", "landmarks", "model"]
    assert list(Confirmation) == ["automatic", "given", "confirmed", "rejected"]


def test_reports__start_empty():
    required = {f.name for f in dataclasses.fields(CaseReport)} - {"planted", "clinical"}

    case = CaseReport(**dict.fromkeys(required))

    assert case.planted == ()
    assert {
        "quality",
        "burden_class_probabilities",
        "segments_confirmation",
        "segment_iv",
        "vessels",
    } == _with_default(VolumetryReport)
    assert {
        "findings", "plans", "plans_reasons", "vessel_cuts_reasons", "targets", "staged", "netlm",
        "stability",
        "contraindications", "liver_function", "staging_checklist", "resectability", "ablation",
        "staging", "transplant", "pathways",
    } == _with_default(PlanningReport)  # fmt: skip
    assert {"seconds"} == _with_default(Provenance)
    assert set() == _with_default(ModelUse)
    assert set() == _with_default(PlantedLesion)


def _with_default(kind):
    missing = dataclasses.MISSING
    return {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is not missing or field.default_factory is not missing
    }


def test_core__needs_numpy_only():
    """A fresh interpreter that imports all of core loads no other distribution."""
    script = (
        "import sys; before = set(sys.modules)\n"
        f"import importlib; [importlib.import_module(n) for n in {MODULES!r}]\n"
        "new = {m.split('.')[0] for m in set(sys.modules) - before}\n"
        "print(' '.join(sorted(new - set(sys.stdlib_module_names))))"
    )
    command = [sys.executable, "-I", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert {"numpy", "remnant"} == set(done.stdout.split())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_landmarks__coordinates_must_be_finite(value):
    with pytest.raises(InputError, match="ivc"):
        Landmarks(
            ivc=(value, 0.0, 0.0),
            gallbladder_fossa=(0.0, 0.0, 0.0),
            umbilical_fissure=(0.0, 0.0, 0.0),
            portal_bifurcation=(0.0, 0.0, 0.0),
        )


def test_lesion__lobes_from_segments():
    shares = {CouinaudSegment.I: 0.1, CouinaudSegment.IV: 0.2, CouinaudSegment.VIII: 0.5}

    assert lesion(segment_fractions=shares).lobe_fractions == {
        Lobe.LEFT: 0.2,
        Lobe.RIGHT: 0.5,
        Lobe.CAUDATE: 0.1,
    }
    assert lesion(segment_fractions=None).lobe_fractions is None
