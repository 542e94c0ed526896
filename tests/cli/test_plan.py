"""Planning on the command line: facts, limits, the user's own plans, and what a case keeps."""

import shutil
from dataclasses import fields

import numpy as np
import pytest

from examples.files import bytes_of, document_of
from planning.inputs import CLINICAL_INPUTS
from remnant.cli.app import run_command
from remnant.cli.plan_options import PlanOptions
from remnant.core.clinical import ClinicalFacts, Grade, PrimarySite
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.documents.clinical_facts import read_facts_file
from remnant.documents.facts_sections import SECTIONS
from remnant.io.nifti import write_labels
from remnant.pipeline.facts import known_case
from remnant.pipeline.plan_settings import DEFAULT_PLAN
from remnant.testing.phantoms import body_grid, liver_phantom
from volumetry.virtual_resection.resection import PLAN_SCHEME

BODY = ("--height-cm", "175", "--weight-kg", "80", "--sex", "male", "--age", "60")


@pytest.fixture(scope="module", name="measured")
def measured_fixture(tmp_path_factory):
    grid = body_grid(spacing_mm=(5.0, 5.5, 6.0))
    phantom = liver_phantom(Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=2, seed=3)
    folder = tmp_path_factory.mktemp("maps")
    maps = {"liver": phantom.liver_mask, "lesions": phantom.lesions, "couinaud": phantom.couinaud}
    for role, labels in maps.items():
        write_labels(labels, folder / f"{role}.nii.gz")
    given = ",".join(f"{role}={folder / role}.nii.gz" for role in maps)
    assert 0 == run_command(["measure", "--masks", given, "-o", str(folder / "case"), *BODY])
    return folder / "case"


@pytest.fixture(name="case")
def case_fixture(measured, tmp_path):
    return shutil.copytree(measured, tmp_path / "case")


def settings(case):
    return document_of(case)["settings"]["planning"]["choice"]


def one_line(capsys):
    lines = capsys.readouterr().err.splitlines()
    wrong = [line for line in lines if line.startswith("remnant: error:")]
    assert 1 == len(wrong), lines
    return wrong[0]


def test_template__is_written_and_read_back_changes_nothing(case, tmp_path, capsys):
    file = tmp_path / "facts.yaml"
    assert 0 == run_command(["plan", "--template", str(file)])
    assert f"remnant plan CASE --facts {file}" in capsys.readouterr().out
    assert 0 == run_command(["plan", str(case)])
    plain = document_of(case)
    assert 0 == run_command(["plan", str(case), "--facts", str(file)])
    from_file = document_of(case)
    for changing in ("created_utc", "seconds"):
        plain["provenance"].pop(changing)
        from_file["provenance"].pop(changing)
    assert plain == from_file
    assert "clinical" not in from_file


def test_plan__options_go_before_the_file_and_the_file_before_the_case(case, tmp_path):
    stored = ["--ki67", "30", "--grade", "G3", "--stable-months", "8", "--most-wedges", "1"]
    assert 0 == run_command(["plan", str(case), *stored])
    file = tmp_path / "facts.yaml"
    file.write_text(
        "patient: {background: steatosis}\n"
        "clinical: {ki67_percent: 12, grade: unknown, primary_site: small_bowel}\n"
        "choices: {most_wedges: 4, keep: [IV], targets_percent: [70, 90]}\n",
        encoding="utf-8",
    )
    options = ["--ki67", "4", "--keep", "I,4", "--functional", "--no-ablation", "--named-only"]
    assert 0 == run_command(["plan", str(case), "--facts", str(file), *options])
    found, chosen = document_of(case), settings(case)
    assert {
        "ki67_percent": 4.0, "primary_site": "small_bowel", "stable_months": 8.0,
        "functional": True,
    } == found["clinical"]  # fmt: skip
    assert "steatosis" == found["patient"]["background"]
    assert (["I", "IV"], 4, 0, [0.7, 0.9], True) == tuple(
        chosen[name] for name in ("keep", "most_wedges", "most_ablations", "targets", "named_only")
    )


def test_plan__choices_are_said_kept_and_reset(case, capsys):
    limits = ["--seconds", "20", "--contiguous-segments", "3", "--central-distance-mm", "4"]
    chosen = ["--target", "70", "--keep", "IV", "--recipe", "VI; wedge 1", "--resect", "II"]
    assert 0 == run_command(["plan", str(case), *limits, *chosen])
    first = capsys.readouterr().out
    assert "Limits stored" not in first
    assert "Limits: targets 70 %; keep IV;" in first
    assert (20.0, 3, 4.0) == tuple(
        settings(case)[name] for name in ("seconds", "contiguous_segments", "central_distance_mm")
    )
    assert 0 == run_command(["plan", str(case), "--target", "default"])
    second = " ".join(capsys.readouterr().out.split())
    assert "Limits stored from an earlier run: keep, central distance mm, contig" in second
    assert "targets 70, 80, 90, 100 %; keep IV;" in second
    assert [0.7, 0.8, 0.9, 1.0] == settings(case)["targets"]
    assert 0 == run_command(["plan", str(case), "--reset-choices", "--ki67", "4"])
    third = capsys.readouterr().out
    assert "Limits stored" not in third
    request = known_case(case).planning
    assert (DEFAULT_PLAN.choice, ()) == (request.choice, request.custom)
    assert 4.0 == request.facts.ki67_percent


def test_plan__certainty_and_vessels_are_kept_and_dropped(case, capsys):
    stated = ["--vessels-intact", "IV,VI,VIII", "--vessels-intact", "2,4"]
    assert 0 == run_command(["plan", str(case), "--certainty", "0.95", *stated])
    printed = " ".join(capsys.readouterr().out.split())
    assert "vessels stated intact without IV, VI, VIII" in printed
    assert "met from 95 in 100 draws on" in printed
    assert 0.95 == settings(case)["certainty"]
    assert [["IV", "VI", "VIII"], ["II", "IV"]] == settings(case)["vessels_intact"]
    island = frozenset(map(CouinaudSegment, (4, 6, 8)))
    assert 0 == run_command(["plan", str(case), "--ki67", "4"])
    kept = known_case(case).planning.choice
    assert (0.95, island) == (kept.certainty, kept.vessels_intact[0])
    assert 0 == run_command(["plan", str(case), "--vessels-intact", "none", "--certainty", "0.9"])
    assert known_case(case).planning.choice == DEFAULT_CHOICE


def test_run__a_stored_recipe_of_a_rejected_lesion_is_dropped_and_it_is_said(case, capsys):
    own = ["--recipe", "VI; wedge 1", "--recipe", "wedge 2"]
    assert 0 == run_command(["plan", str(case), *own])
    assert 0 == run_command(["run", str(case), "--reject-lesions", "1"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "The stored recipe 'VI; wedge 1' is dropped: it names a lesion" in printed
    assert "'wedge 2'" not in printed
    assert [{"wedges": [2]}] == settings(case)["recipes"]
    before = bytes_of(case)
    assert 2 == run_command(["plan", str(case), "--recipe", "wedge 1"])
    assert "lesion 1, which does not count" in one_line(capsys)
    assert before == bytes_of(case)


def test_run__keeps_facts_and_choices_of_the_stored_case(case, tmp_path):
    options = ["--no-functional", "--wedge-limit-mm", "none", "--wedge-depth-mm", "12.5"]
    own = ["--recipe", "VI,VII; wedge 1", "--recipe", "ablate 1,2", "--resect", "II"]
    assert 0 == run_command(["plan", str(case), *options, *own])
    first = known_case(case).planning
    assert first.facts.functional is False
    assert (None, 12.5) == (first.choice.wedge_limit_mm, first.choice.wedge_depth_mm)
    assert [((6, 7), (1,), ()), ((), (), (1, 2))] == [
        (r.segments, r.wedges, r.ablations) for r in first.choice.recipes
    ]
    assert (frozenset({CouinaudSegment.II}),) == first.custom

    assert 0 == run_command(["measure", str(case)])
    assert first == known_case(case).planning
    assert 0 == run_command(["run", str(case)])
    assert first == known_case(case).planning
    assert 0 == run_command(["run", str(case), "--recipe", "none"])
    assert () == known_case(case).planning.choice.recipes


def test_run__facts_file_gives_the_body_size_too(case, tmp_path):
    file = tmp_path / "facts.yaml"
    file.write_text("patient: {height_cm: 160, weight_kg: 60}\n", encoding="utf-8")
    assert 2 == run_command(["plan", str(case), "--facts", str(file)])
    assert 0 == run_command(["run", str(case), "--facts", str(file), "--weight-kg", "61"])
    patient = document_of(case)["patient"]
    assert (160.0, 61.0) == (patient["height_cm"], patient["weight_kg"])
    assert 0 == run_command(["plan", str(case)])


def test_plan__writes_a_table_of_the_plans_beside_the_lesions(case):
    assert 0 == run_command(["plan", str(case)])
    rows = (case / "plans.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("id,title,targets_percent,recipe,debulked_percent,")
    assert len(document_of(case)["planning"]["plans"]) == len(rows) - 1
    assert 0 == run_command(["measure", str(case)])
    assert not (case / "plans.csv").exists()


def test_plan__without_maps_there_are_no_plans_and_the_reason_is_told(case):
    for path in case.iterdir():
        if path.name != "report.json":
            path.unlink()
    assert 0 == run_command(["plan", str(case), "--plan-maps"])
    planning = document_of(case)["planning"]
    assert "plans" not in planning
    assert planning["plans_reasons"]
    assert [] == list(case.glob("plan_*.nii.gz"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to plan: name the folder"),
        (["{case}", "{new}"], "too much is given:"),
        (["{case}", "--target", "all"], "--target got ['all']; allowed is percentages above 1"),
        (["{case}", "--seconds", "0"], "--seconds got 0.0; allowed is a number from 1"),
        (["{case}", "--contiguous-segments", "9"], "--contiguous-segments got 9; allowed is a"),
        (["{case}", "--template", "{new}"], "leave the case out"),
        (["--template", "{facts}"], "is there already"),
        (["{case}", "--facts", "{none}"], "cannot read none.yaml"),
        (["{case}", "--facts", "{facts}"], "facts.yaml: clinical.ki67_percent got 200"),
        (["{case}", "--facts", "{taller}"], "`remnant run"),
        (["{case}", "--ki67", "120"], "--ki67 got 120.0; allowed is a number from 0 to 100"),
        (["{case}", "--ki67", "nan"], "--ki67 got nan"),
        (["{case}", "--ki67", "low"], "ki67"),
        (["{case}", "--grade", "G4"], "grade"),
        (["{case}", "--grade", "NEC", "--differentiation", "well"], "both cannot be true"),
        (["{case}", "--rule-set", "mine"], "the rule set 'mine' is not known; allowed are gep"),
        (["{case}", "--target", "0.7"], "--target got [0.7]; allowed is percentages above 1"),
        (["{case}", "--target", "101"], "--target got [101.0]"),
        (["{case}", "--certainty", "0.4"], "--certainty got 0.4; allowed is a number from 0.5"),
        (["{case}", "--certainty", "95"], "--certainty got 95.0; allowed is a number from 0.5"),
        (["{case}", "--certainty", "nan"], "--certainty got nan"),
        (["{case}", "--vessels-intact", "IX"], "--vessels-intact got ['IX']; allowed is a set"),
        (["{case}", "--vessels-intact", "all"], "--vessels-intact got ['all']"),
        (["{case}", "--keep", "IX"], "--keep got 'IX'; allowed is Couinaud segments"),
        (["{case}", "--no-ablation", "--most-ablations", "2"], "contradict"),
        (["{case}", "--most-ablations", "1.5"], "--most-ablations got '1.5'"),
        (["{case}", "--most-wedges", "-1"], "--most-wedges got '-1'; allowed is a whole number"),
        (["{case}", "--wedge-limit-mm", "deep"], "--wedge-limit-mm got 'deep'"),
        (["{case}", "--wedge-depth-mm", "nan"], "--wedge-depth-mm got nan"),
        (["{case}", "--resection-margin-mm", "99"], "--resection-margin-mm got 99.0; allowed is"),
        (["{case}", "--recipe", "wedge"], "--recipe: recipes got '' as lesions"),
        (["{case}", "--recipe", "wedge 9"], "lesion 9, which does not count; those that count: 1,"),
        (["{case}", "--recipe", "ablate 1; wedge 1"], "both excises and ablates lesion 1"),
    ],
)
def test_bad_input__is_one_line_and_leaves_the_case_as_it_was(
    arguments, words, case, tmp_path, capsys
):
    places = {name: tmp_path / f"{name}.yaml" for name in ("none", "facts", "new", "taller")}
    places["facts"].write_text("clinical: {ki67_percent: 200}\n", encoding="utf-8")
    places["taller"].write_text("patient: {height_cm: 190}\n", encoding="utf-8")
    before, files = bytes_of(case), sorted(p.name for p in tmp_path.iterdir())
    assert 2 == run_command(["plan", *(a.format(case=case, **places) for a in arguments)])
    assert words in one_line(capsys)
    assert before == bytes_of(case)
    assert files == sorted(p.name for p in tmp_path.iterdir())


@pytest.mark.parametrize("command", ["run", "demo"])
def test_bad_input__recipes_name_no_lesions_before_there_are_any(command, tmp_path, capsys):
    scan = tmp_path / "scan.nii.gz"
    scan.write_bytes(b"read later")
    source = [str(scan)] * (command == "run")
    arguments = [command, *source, "-o", str(tmp_path / "out"), "--recipe", "VI; wedge 1"]
    assert 2 == run_command(arguments)
    assert "have no numbers before it is segmented" in one_line(capsys)
    assert not (tmp_path / "out").exists()


def test_help__defaults_are_those_of_the_planner():
    named = {
        "rule_set": "gepnetlm_review", "resection_margin_mm": 5.0, "ablation_margin_mm": 5.0,
        "ablation_limit_mm": 30.0, "ablation_shape": "sphere", "largest_zone_mm": 50.0,
        "wedge_limit_mm": 50.0, "wedge_depth_mm": 20.0, "targets": (0.7, 0.8, 0.9, 1.0),
    }  # fmt: skip
    assert named == {name: getattr(DEFAULT_CHOICE, name) for name in named}


def test_help__names_every_option_of_planning(capsys):
    for command in ("plan", "run"):
        assert 0 == run_command([command, "--help"])
        shown = capsys.readouterr().out
        for option in ("--facts", "--ki67", "--target", "--keep", "--no-ablation", "--plan-maps"):
            assert option in shown


def test_page__names_every_option_and_every_code(repository):
    page = (repository / "docs" / "how-to" / "plan.md").read_text(encoding="utf-8")
    options = {f"--{field.name.replace('_', '-')}" for field in fields(PlanOptions)}
    options |= {one.option for one in CLINICAL_INPUTS if one.option} | {"--facts"}
    assert {option for option in options if option not in page} == set()
    for label in PLAN_SCHEME.labels:
        assert f"\n| {label.code} |" in page
    for name in {known.name for known in SECTIONS["choices"]}:
        assert name in page or f"--{name.replace('_', '-')}" in page or name == "targets_percent"


def test_page__example_of_a_facts_file_is_read(repository, tmp_path):
    page = (repository / "docs" / "how-to" / "plan.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / "facts.yaml"
    path.write_text(example, encoding="utf-8")
    file = read_facts_file(path)
    assert (
        ClinicalFacts(
            ki67_percent=4.0,
            grade=Grade.G2,
            primary_site=PrimarySite.SMALL_BOWEL,
            functional=True,
            ecog=1,
        )
        == file.facts()
    )
    assert (0.7, 0.9) == file.choice().targets
