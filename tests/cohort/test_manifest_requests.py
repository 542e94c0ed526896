"""A row asks of the pipeline what ``remnant run`` asks with the same options."""

import subprocess
import sys

import pytest

from remnant.cli.fact_options import DiseaseOptions, PatientOptions
from remnant.cli.options import (
    ErrorOptions,
    FormulaOptions,
    LesionOptions,
    MaskOptions,
    ScanOptions,
)
from remnant.cli.plan_options import PlanOptions, plan_request
from remnant.cli.requests import measure_request, segment_request
from remnant.cohort.manifest_columns import COLUMNS, Group
from remnant.cohort.manifest_requests import requests_of, subject_of
from remnant.core.clinical import Grade, PrimarySite
from remnant.core.errors import InputError
from remnant.core.mr import BiasCorrection
from remnant.core.patient import LiverBackground
from remnant.core.phase_choice import AlignmentKind
from remnant.core.plan_choice import AblationShape
from remnant.core.volumes import Modality, Phase
from remnant.io.codings import MasksPreset
from remnant.io.reading import GeometrySource
from remnant.io.roles import Part

FACTS = (
    "patient:\n  sex: male\nclinical:\n  ecog: 1\n  functional: no\nchoices:\n  most_wedges: 1\n"
)


@pytest.fixture(name="file")
def file_fixture(tmp_path):
    """Make a path to a file that is there."""

    def make(name, text="x"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def asked_by_options(
    source=None, *, scan=None, maps=None, lesions=None, patient=None, formulas=None, errors=None,
    disease=None, plans=None, resect=(),
):  # fmt: skip
    """Requests as ``remnant run`` makes them of its options."""
    disease = disease or DiseaseOptions()
    segment = segment_request(
        source, maps or MaskOptions(), scan=scan or ScanOptions(),
        review=(lesions or LesionOptions()).review(),
    )  # fmt: skip
    measuring = measure_request(
        None, patient or PatientOptions(), formulas or FormulaOptions(), errors or ErrorOptions(),
        facts=disease.facts,
    )  # fmt: skip
    planning = plan_request(
        disease, plans or PlanOptions(), resect, numbered=Part.LESIONS in segment.masks
    )
    return segment, measuring, planning


def asked_by_row(**cells):
    asked = requests_of({"case": "a", **cells})
    return asked.segment, asked.measuring, asked.planning


def test_scan__is_read_as_the_options_say(file):
    ct = file("ct.nii.gz")

    assert asked_by_options(
        ct,
        scan=ScanOptions(
            modality=Modality.CT, series="3", phase=Phase.PORTAL, intensity_offset=-1024
        ),
        maps=MaskOptions(geometry_from=GeometrySource.QFORM, threshold=0.5),
    ) == asked_by_row(
        study=str(ct),
        modality="ct",
        series="3",
        phase="portal",
        intensity_offset_hu="-1024",
        geometry_from="qform",
        threshold="0.5",
    )


def test_phases__are_used_together_as_the_options_say(file):
    ct = file("ct.nii.gz")
    scan = ScanOptions(
        liver_from="portal", lesions_from="arterial,3", alignment=AlignmentKind.DEFORMABLE
    )
    assert asked_by_options(ct, scan=scan) == asked_by_row(
        study=str(ct), liver_from="Portal", lesions_from="arterial, 3", alignment="deformable"
    )


def test_bias_correction__is_asked_for_as_the_option_says(file):
    mr = file("mr.nii.gz")
    scan = ScanOptions(bias_correction=BiasCorrection.N4)
    asked = asked_by_options(mr, scan=scan)
    assert asked == asked_by_row(study=str(mr), bias_correction="n4")
    assert asked != asked_by_row(study=str(mr), bias_correction="none")
    assert asked_by_options(mr) == asked_by_row(study=str(mr), bias_correction="none")


def test_masks__are_taken_as_the_options_say(file):
    paths = {part.value: file(f"{part}.nii.gz") for part in Part}
    landmarks = file("points.json")

    assert asked_by_options(
        maps=MaskOptions(
            masks=tuple(f"{role}={path}" for role, path in paths.items()),
            masks_preset=MasksPreset.LITS,
            lesion_codes="2,3",
            landmarks=landmarks,
            split_iv=True,
            split_confluent=True,
            whole_liver=True,
            confirm_segments="A. Radiologist",
        ),
        lesions=LesionOptions(reject_lesions="3,7", confirm_lesions="all"),
        resect=("VI,VII", "II"),
    ) == asked_by_row(
        **{role: str(path) for role, path in paths.items()},
        masks_preset="lits",
        lesion_codes="2;3",
        landmarks=str(landmarks),
        split_iv="yes",
        split_confluent="yes",
        whole_liver="yes",
        confirm_segments="A. Radiologist",
        reject_lesions="3 7",
        confirm_lesions="all",
        resect="VI,VII | II",
    )


def test_facts_and_choices__are_those_of_options_and_facts_file(file):
    liver, facts = file("liver.nii.gz"), file("facts.yaml", FACTS)

    assert asked_by_options(
        maps=MaskOptions(liver=liver),
        patient=PatientOptions(
            height_cm=175.0, weight_kg=80.0, age_years=60.0, background=LiverBackground.NORMAL
        ),
        disease=DiseaseOptions(
            facts=facts, ki67_percent=4.0, grade=Grade.G2, primary_site=PrimarySite.SMALL_BOWEL
        ),
        formulas=FormulaOptions(formula="urata1995", bsa_formula="mosteller1987"),
        errors=ErrorOptions(liver_boundary_mm=1.0, interval_seed=7),
        plans=PlanOptions(
            target=("70", "90"), keep="I,IV", most_ablations="none", wedge_depth_mm="none",
            ablation_shape=AblationShape.CONFORMAL, vessels_intact=("IV,VI", "II,III"),
            named_only=True, certainty=0.8, seconds=5, recipe=("VI,VII", "V"),
        ),
    ) == asked_by_row(
        liver=str(liver), facts=str(facts), height_cm="175", weight_kg="80", age_years="60",
        background="normal", ki67_percent="4", grade="g2", primary_site="small-bowel",
        formula="urata1995", bsa_formula="mosteller1987", liver_boundary_mm="1",
        interval_seed="7", targets_percent="70;90", keep="I,IV", most_ablations="none",
        wedge_depth_mm="none", ablation_shape="conformal", vessels_intact="IV,VI | II,III",
        named_only="yes", certainty="0.8", seconds="5", recipes="VI,VII | V",
    )  # fmt: skip


def test_row_without_a_fact__knows_what_run_knows_without_options(file):
    ct = file("ct.nii.gz")

    assert asked_by_options(ct) == asked_by_row(study=str(ct))


def test_every_fact_and_choice__is_read(file):
    """No column is left over by the way to the requests: each changes what is asked."""
    liver, lesions = str(file("liver.nii.gz")), str(file("lesions.nii.gz"))
    plain = asked_by_row(liver=liver, lesions=lesions)
    told = {Group.PATIENT, Group.CLINICAL, Group.MEASURING, Group.CHOICES}
    unchanged = []
    for name, column in COLUMNS.items():
        if column.group in told:
            text = other_value(column.field)
            if asked_by_row(liver=liver, lesions=lesions, **{name: text}) == plain:
                unchanged.append(name)

    assert [] == unchanged


def other_value(field):
    """A text that a field may hold and that is not its default."""
    known = {
        "keep": "IV", "recipes": "VI", "vessels_intact": "IV,VI", "targets_percent": "50",
        "lesions_at_hilum": "3", "lesions_near_bile_duct": "3", "variant_anatomy": "a note",
        "rule_set": "cloyd2020", "resect": "VI", "formula": "urata1995",
        "bsa_formula": "dubois1916", "background": "cirrhosis",
    }  # fmt: skip
    if field.name in known:
        return known[field.name]
    if "enum" in field.schema:
        return field.schema["enum"][-1]
    if field.schema["type"] == "boolean":
        return "yes"
    return f"{field.schema['minimum']:g}"


def test_facts_file__that_was_changed_is_read_again(file):
    cells = {"case": "a", "liver": str(file("liver.nii.gz")), "facts": str(file("f.yaml", FACTS))}
    before = requests_of(cells).planning.facts.ecog
    file("f.yaml", FACTS.replace("ecog: 1", "ecog: 3 # now"))

    assert (1, 3) == (before, requests_of(cells).planning.facts.ecog)


def test_references_patient_and_time__are_handed_on(file):
    liver, expert = file("liver.nii.gz"), file("expert.nii.gz")
    asked = requests_of(
        {
            "case": "a", "liver": str(liver), "reference_lesions": str(expert),
            "patient": "Doe, Jane", "time_point": "week_12", "x_site": "A",
        }
    )  # fmt: skip

    assert {"lesions": expert} == asked.references
    assert ("Doe, Jane", "week_12") == (asked.patient_name, asked.time_point)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({}, "neither study, liver nor couinaud is given"),
        ({"lesions": "liver.nii.gz"}, "neither study"),
        ({"liver": "liver.nii.gz", "hight": "1"}, "'hight' is no column"),
        ({"liver": "liver.nii.gz", "height_cm": "1.75"}, "height_cm got '1.75'; allowed"),
        ({"liver": "none.nii.gz"}, "none.nii.gz does not exist"),
        ({"study": "none"}, "none does not exist"),
        ({"liver": "liver.nii.gz", "reference_liver": "no"}, "no does not exist"),
        ({"liver": "liver.nii.gz", "facts": "no.yaml"}, "no.yaml does not exist"),
        ({"liver": "liver.nii.gz", "rule_set": "mine"}, "the rule set 'mine' is not known"),
        ({"liver": "liver.nii.gz", "lesions_from": "portal"}, "lesions_from needs liver_from"),
    ],
)
def test_row__that_cannot_be_used_is_refused(cells, words, file, tmp_path, monkeypatch):
    file("liver.nii.gz")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        requests_of({"case": "a", **cells})


def test_subject__is_a_keyed_hash_of_the_name_however_it_is_spaced(monkeypatch):
    first = subject_of("Doe,  Jane ")

    assert first == subject_of("Doe, Jane") != subject_of("doe, jane")
    assert subject_of("Mu\u0308ller") == subject_of("Müller")
    assert first.startswith("subject-")
    assert "Jane" not in first
    monkeypatch.setenv("REMNANT_PSEUDONYM_KEY", "11" * 32)
    assert first != subject_of("Doe, Jane")
    with pytest.raises(InputError, match="without a name"):
        subject_of(" ")


def test_manifest__loads_no_network_library_and_no_reader():
    script = (
        "import remnant.cohort.manifest, remnant.cohort.scanning, sys\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & {"torch", "monai", "pandas", "pyarrow", "SimpleITK"} == set()
