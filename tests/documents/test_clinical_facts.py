"""Facts files: what a person writes, and what nobody should."""

import json
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from remnant.core.clinical import (
    NOTHING_SAID,
    ClinicalFacts,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
)
from remnant.core.errors import ImplausibleValueError, InputError, RemnantError, UnreadableFileError
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.plan_choice import DEFAULT_CHOICE, AblationShape, PlanChoice
from remnant.core.recipe import Recipe
from remnant.documents.clinical_facts import FactsFile, read_facts_file
from remnant.documents.facts_sections import SECTIONS
from remnant.documents.facts_template import facts_schema, template
from remnant.io.recipe_text import parse_recipe, parse_segments, recipe_text, segments_text

FULL = """
patient: {height_cm: 171, weight_kg: 68.5, sex: female, age_years: 61, background: steatosis}
clinical:
  ki67_percent: 4
  grade: G2
  primary_site: small_bowel
  extrahepatic_disease: none
  functional: Yes
  symptoms_refractory: false   # a remark
  ecog: 1
choices:
  rule_set: azoulay2000
  targets_percent: [70, 92.5]
  keep: [IV, 5]
  most_ablations: 2
  wedge_depth_mm: none
  ablation_shape: conformal
  named_only: no
  recipes: ["VI,VII; wedge 3; ablate 5,7"]
"""


def write(folder: Path, text: str, name: str = "facts.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_read__everything_a_surgeon_may_write(tmp_path):
    file = read_facts_file(write(tmp_path, FULL))
    assert (
        ClinicalFacts(
            ki67_percent=4.0,
            grade=Grade.G2,
            primary_site=PrimarySite.SMALL_BOWEL,
            extrahepatic_disease=ExtrahepaticDisease.NONE,
            functional=True,
            symptoms_refractory=False,
            ecog=1,
        )
        == file.facts()
    )
    assert Patient(
        height_cm=171.0,
        weight_kg=68.5,
        sex=Sex.FEMALE,
        age_years=61.0,
        background=LiverBackground.STEATOSIS,
    ) == file.patient_facts(Patient())
    four, five, six, seven = (CouinaudSegment(n) for n in (4, 5, 6, 7))
    assert (
        PlanChoice(
            rule_set="azoulay2000",
            targets=(0.7, 0.925),
            keep=frozenset((four, five)),
            most_ablations=2,
            wedge_depth_mm=None,
            ablation_shape=AblationShape.CONFORMAL,
            recipes=(Recipe(segments=(six, seven), wedges=(3,), ablations=(5, 7)),),
        )
        == file.choice()
    )


def test_read__json_says_the_same(tmp_path):
    facts = {"clinical": {"functional": True, "ki67_percent": 4}, "choices": {"keep": "IV"}}
    as_json = read_facts_file(write(tmp_path, json.dumps(facts, indent="\t"), "facts.json"))
    yaml = "clinical: {functional: yes, ki67_percent: 4}\nchoices: {keep: IV}\n"
    assert as_json == read_facts_file(write(tmp_path, yaml))


@pytest.mark.parametrize("text", ["", "# nothing\n", "clinical:\n", "patient: {}\nchoices:\n"])
def test_read__nothing_said(tmp_path, text):
    assert FactsFile() == read_facts_file(write(tmp_path, text))


@pytest.mark.parametrize(
    ("written", "lesions"),
    [("[5, 3, 5]", (3, 5)), ("4", (4,)), ("none", ()), ("[]", ()), ("unknown", None), ("", None)],
)
def test_facts__lesions_by_their_numbers(tmp_path, written, lesions):
    file = read_facts_file(write(tmp_path, f"clinical:\n  lesions_at_hilum: {written}\n"))
    assert lesions == file.facts().lesions_at_hilum


def test_facts__a_note_is_kept_as_it_is_written(tmp_path):
    note = "left hepatic artery from the left gastric artery"
    file = read_facts_file(write(tmp_path, f"clinical: {{variant_anatomy: '{note} '}}"))
    assert note == file.facts().variant_anatomy
    with pytest.raises(ImplausibleValueError, match="201 characters; allowed are at most 200"):
        ClinicalFacts(variant_anatomy="x" * 201)


def test_template__names_every_field_and_says_nothing(tmp_path):
    file = read_facts_file(write(tmp_path, template()))
    assert FactsFile() == file
    assert NOTHING_SAID == file.facts()
    assert DEFAULT_CHOICE == file.choice()
    for kind, section in ((ClinicalFacts, "clinical"), (PlanChoice, "choices")):
        fields_named = {known.name for known in SECTIONS[section]} - {"targets_percent"}
        assert {field.name for field in fields(kind)} - {"targets"} == fields_named
    for section in SECTIONS.values():
        for known in section:
            assert f"\n  {known.name}:\n" in template()


def test_facts__file_goes_before_what_was_known_and_unknown_takes_it_back(tmp_path):
    known = ClinicalFacts(ki67_percent=20.0, grade=Grade.G3, ecog=2)
    file = read_facts_file(write(tmp_path, "clinical: {ki67_percent: 4, grade: unknown}"))
    assert ClinicalFacts(ki67_percent=4.0, ecog=2) == file.facts(known)


@pytest.mark.parametrize(
    ("text", "assumed"),
    [("{weight_kg: 70}", True), ("{weight_kg: 70, height_cm: 180}", False), ("", True)],
)
def test_patient__assumed_body_size_stays_assumed_until_all_of_it_is_said(tmp_path, text, assumed):
    known = Patient(height_cm=170.0, weight_kg=60.0, body_size_assumed=True)
    file = read_facts_file(write(tmp_path, f"patient: {text}"))
    assert assumed is file.patient_facts(known).body_size_assumed


def test_choice__none_lifts_a_stored_limit(tmp_path):
    known = PlanChoice(
        most_ablations=2, keep=frozenset({CouinaudSegment.I}), recipes=(Recipe(wedges=(1,)),),
        vessels_intact=(frozenset({CouinaudSegment.IV, CouinaudSegment.VIII}),),
    )  # fmt: skip
    text = "choices: {most_ablations: none, keep: none, recipes: none, vessels_intact: none}"
    assert DEFAULT_CHOICE == read_facts_file(write(tmp_path, text)).choice(known)
    assert known == read_facts_file(write(tmp_path, "choices:")).choice(known)


@pytest.mark.parametrize(
    ("written", "sets"),
    [
        ("'IV,VI,VIII'", [(4, 6, 8)]),
        ("VIII", [(8,)]),
        ("['IV,VI,VIII', 'II,III,IV']", [(4, 6, 8), (2, 3, 4)]),
        ("['IV,VIII', '8,4']", [(4, 8)]),
        ("none", []),
    ],
)
def test_choice__sets_whose_vessels_a_person_found_intact(tmp_path, written, sets):
    file = read_facts_file(write(tmp_path, f"choices: {{vessels_intact: {written}}}"))
    expected = tuple(frozenset(map(CouinaudSegment, one)) for one in sets)
    assert expected == file.choice(DEFAULT_CHOICE).vessels_intact


def test_choice__how_sure_a_verdict_has_to_be(tmp_path):
    file = read_facts_file(write(tmp_path, "choices: {certainty: 0.95}"))
    assert 0.95 == file.choice(DEFAULT_CHOICE).certainty
    assert 0.9 == DEFAULT_CHOICE.certainty


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("choices: {certainty: 95}", "certainty got 95; allowed is a number from 0.5 to 0.99"),
        ("choices: {certainty: 1.0}", "certainty got 1.0; allowed is a number from 0.5 to 0.99"),
        ("choices: {certainty: 0.4}", "certainty got 0.4"),
        ("choices: {certainty: none}", "certainty got"),
        ("choices: {vessels_intact: IX}", "vessels_intact got 'IX'; allowed is a set of segments"),
        ("choices: {vessels_intact: ['IV,IX']}", "vessels_intact got ['IV,IX']"),
        ("choices: {vessels_intact: 4}", "vessels_intact got 4"),
        ("choices: {vessels_intact: ''}", "vessels_intact got ''"),
        ("choices: {vessels_intact: yes}", "vessels_intact got yes"),
        ("clinical: {ki67_percent: 120}",
         "clinical.ki67_percent got 120; allowed is a number from 0 to 100 %, or unknown"),
        ("clinical: {ki67_percent: 4 %}", "ki67_percent got '4 %'; allowed is a number"),
        ("clinical: {ki67_percent: '4'}", "ki67_percent got '4'"),
        ("clinical: {ki67_percent: 4,5}", "unknown key '5'"),
        ("clinical: {ki67_percent: .nan}", "ki67_percent got '.nan'"),
        ("clinical: {ki67_percent: 1e999}", "ki67_percent got inf"),
        ("clinical: {ki67_percent: yes}", "ki67_percent got yes"),
        ("clinical: {ki67_percent: [4]}", "ki67_percent got [4]"),
        ("clinical: {functional: 1}", "functional got 1; allowed is yes or no, or unknown"),
        ("clinical: {functional: maybe}", "functional got 'maybe'"),
        ("clinical: {grade: g4}", "grade got 'g4'; allowed is one of G1, G2, G3, NEC"),
        ("clinical: {ecog: 1.5}", "ecog got 1.5; allowed is a whole number from 0 to 4"),
        ("clinical: {ki_67_percent: 4}", "did you mean ki67_percent?"),
        ("clinical: {height_cm: 170}", "write it below patient:"),
        ("clinical: {xyz: 170}", "unknown key 'xyz'; `remnant plan --template"),
        ("ki67_percent: 4", "unknown key 'ki67_percent'; write it below clinical:"),
        ("disease: {}", "unknown key 'disease'; allowed are patient, clinical, choices"),
        ("clinical: 4", "clinical got 4"),
        ("- clinical", "holds no sections"),
        ("G2", "holds no sections"),
        ('facts_version: "9"', "facts_version got '9'; allowed is '1.0'"),
        ("clinical: {lesions_at_hilum: [0]}", "got [0]; allowed is numbers of lesions such as"),
        ("clinical: {lesions_at_hilum: [2.5]}", "lesions_at_hilum got [2.5]"),
        ("clinical: {lesions_at_hilum: all}", "lesions_at_hilum got 'all'"),
        (f"clinical: {{variant_anatomy: {'x' * 201}}}", "allowed is a line of at most 200"),
        ('clinical: {variant_anatomy: "a\\eb"}', "clinical.variant_anatomy got"),
        ("clinical: {variant_anatomy: 3}", "clinical.variant_anatomy got 3"),
        ("patient: {height_cm: 1.71}", "patient.height_cm got 1.71; allowed is a number from 100"),
        ("patient: {age_years: 12}", "from 18 to 120 years"),
        ("patient: {sex: m}", "sex got 'm'; allowed is one of male, female"),
        ("choices: {targets_percent: 0.7}", "allowed is percentages above 1 up to 100"),
        ("choices: {targets_percent: []}", "targets_percent got []"),
        ("choices: {keep: [IX]}", "keep got ['IX']"),
        ("choices: {keep: [true]}", "choices.keep"),
        ("choices: {most_wedges: -1}", "most_wedges got -1; allowed is a whole number from 0"),
        ("choices: {recipes: [wedge x]}", "choices.recipes: recipes got 'x' as lesions"),
        ("choices: {recipes: [3]}", "recipes got [3]"),
        ("choices: {rule_set: 3}", "rule_set got 3"),
        ("a: &x 1\nb: *x", "line 1: anchors"),
        ("a: *x", "line 1: anchors"),
        ("a: !!python/object/apply:os.system [ls]", "tags"),
        ("--- \na: 1\n---\nb: 2", "second document"),
        ("clinical: {ecog: 1, ecog: 2}", "'ecog' is there twice"),
        ("? [a]\n: b", "key must be one word"),
        ("a: [[[[[[[1]]]]]]]", "nested"),
        ("a: " + "[" * 30_000, "nested"),
        ("a: " + "{b: " * 10_000, "nested"),
        ("clinical: [", "line 1"),
        ("a:\n\t- b", "line 2"),
        ("clinical: {ecog: " + "9" * 5000 + "}", "ecog got '9999"),
    ],
)  # fmt: skip
def test_read__what_cannot_be_used_is_one_line_naming_it(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        read_facts_file(write(tmp_path, text))
    message = str(caught.value)
    assert words in message
    assert message.startswith("facts.yaml")
    assert "\n" not in message
    assert len(message) < 250


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"# " + b"x" * 65536, "larger than 64 KiB"),
        (b"\x00", "special characters"),
    ],
)
def test_read__what_is_no_text(tmp_path, content, words):
    path = tmp_path / "facts.yaml"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=words):
        read_facts_file(path)


@pytest.mark.parametrize(
    "text", ['{"a": NaN}', '{"clinical": {}, "clinical": {}}', "[" * 9, "[" * 60_000, "{"]
)
def test_read__json_that_cannot_be_used(tmp_path, text):
    with pytest.raises(InputError, match=r"facts\.json is no facts file"):
        read_facts_file(write(tmp_path, text, "facts.json"))


def test_read__missing_file(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"cannot read none\.yaml"):
        read_facts_file(tmp_path / "none.yaml")


def test_schema__shipped_file_is_that_of_the_fields():
    text = (files("remnant.documents") / "schema" / "facts-1.0.json").read_text(encoding="utf-8")
    assert facts_schema() == json.loads(text)
    Draft202012Validator.check_schema(facts_schema())


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 400),
    st.floats(-1.0, 400.0),
    st.sampled_from(["unknown", "none", "G2", "well", "male", "cirrhosis", "sphere", "lung", "IV"]),
)
KNOWN = [(section, one.name) for section, known in SECTIONS.items() for one in known]


@given(place=st.sampled_from(KNOWN), value=PLAIN)
@settings(max_examples=300, deadline=None)
def test_schema__takes_what_the_reader_takes_and_refuses_the_rest(tmp_path_factory, place, value):
    section, name = place
    document = {section: {name: value}}
    path = write(tmp_path_factory.mktemp("facts"), json.dumps(document), "facts.json")
    valid = Draft202012Validator(facts_schema()).is_valid(document)
    if name in ("keep", "vessels_intact", "recipes") and isinstance(value, str | float):
        return  # the schema cannot read segments and recipes, and takes 1.0 for a whole number
    try:
        read_facts_file(path)
    except InputError:
        assert not valid
    else:
        assert valid


segments = st.sets(st.sampled_from(CouinaudSegment)).map(lambda found: tuple(sorted(found)))
lesions = st.sets(st.integers(1, 65535), max_size=5)


@given(segments=segments, chosen=lesions, share=st.integers(0, 2))
def test_recipe__written_and_read_is_the_same(segments, chosen, share):
    ordered = sorted(chosen)
    cut = len(ordered) * share // 2
    recipe = Recipe(segments=segments, wedges=tuple(ordered[:cut]), ablations=tuple(ordered[cut:]))
    text = recipe_text(recipe)
    if recipe == Recipe():
        assert text == "none"
    else:
        assert recipe == parse_recipe(text, what="--recipe")


def test_recipe__order_blanks_and_digits_do_not_matter():
    expected = Recipe(
        segments=(CouinaudSegment.VI, CouinaudSegment.VII), wedges=(3,), ablations=(5, 7)
    )
    for text in ("VI,VII; wedge 3; ablate 5,7", " Ablate 7, 5 ;7,6;WEDGE 3,3;"):
        assert expected == parse_recipe(text, what="x")
    assert "VI,VII; wedge 3; ablate 5,7" == recipe_text(expected)
    assert "II,III" == segments_text(parse_segments("3, 2", what="x"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "allowed is e.g."),
        (";;", "allowed is e.g."),
        ("IX", "segments I to VIII"),
        ("VI; VII", "twice"),
        ("wedge", "as lesions"),
        ("wedge 0", "as lesions"),
        ("wedge 70000", "as lesions"),
        ("wedge ²", "as lesions"),
        ("ablate V", "as lesions"),
        ("wedge 3; ablate 3,4", "both excises and ablates lesion 3"),
        (",", "names no segment"),
        ("9" * 5000, "segments I to VIII"),
    ],
)
def test_recipe__what_cannot_be_read(text, words):
    with pytest.raises(InputError, match=words) as caught:
        parse_recipe(text, what="--recipe")
    assert str(caught.value).startswith("--recipe")
    assert len(str(caught.value)) < 200


def test_read__words_as_the_options_take_them_and_an_unquoted_version(tmp_path):
    path = tmp_path / "facts.yaml"
    path.write_text(
        "facts_version: 1.0\nclinical: {primary_site: small-bowel, grade: g1, ecog: Unknown}\n"
        "choices: {most_wedges: None}\n",
        encoding="utf-8",
    )
    file = read_facts_file(path)
    assert {"primary_site": "small_bowel", "grade": "G1", "ecog": None} == file.clinical
    assert {"most_wedges": None} == file.choices


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"clinical": {"ki67_percent": 4', "line 1: it is not JSON there, or it ends too early"),
        ("[" * 5000, "it is nested more than 6 levels deep"),
        ('{"clinical": {"ecog": {"a": 1}}}', "clinical.ecog got a section"),
        ('{"clinical": [null, true]}', "clinical got [nothing, yes]"),
    ],
)
def test_read__json_faults_are_in_plain_words(content, words, tmp_path):
    path = tmp_path / "facts.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RemnantError) as raised:
        read_facts_file(path)
    assert words in str(raised.value)
