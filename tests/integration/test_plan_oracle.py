"""Some cases of the oracle of equality against its baseline, and the comparer itself."""

import importlib.util
import lzma
import sys

import pytest

BASELINE = "plan_oracle_c2de54f.json.xz"
CHEAP = (
    "liver_alone",
    "one_lesion_no_segments",
    "scan_cuts_liver_no_segments",
    "background_cirrhosis",
    "minimal_extrahepatic_comorbid",
    "drawn_facts_2",
)
FINDING = "plans/plan_1/findings/flr.cloyd2020"
STORED = {
    "maps": {"liver": "0123456789abcdef"},
    "rows": {
        FINDING: {"verdict": "met", "value": 0.312345678, "threshold": 0.2},
        "plans/plan_1/flips": ["debulking.90.cloyd2020"],
        "frilling/type": None,
    },
}


def stored_with(path, row):
    return {**STORED, "rows": {**STORED["rows"], path: row}}


@pytest.fixture(scope="module", name="oracle")
def oracle_fixture(repository):
    file = repository / "benchmarks" / "plan_oracle.py"
    spec = importlib.util.spec_from_file_location("plan_oracle", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["plan_oracle"] = module  # where its dataclasses look for their module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["plan_oracle"]


@pytest.fixture(scope="module", name="baseline")
def baseline_fixture(oracle, repository):
    return oracle.read_baseline(repository / "benchmarks" / "baselines" / BASELINE)


@pytest.mark.parametrize("name", CHEAP)
def test_case__is_as_it_was_stored(name, oracle, baseline):
    found = oracle.differences(name, baseline[name], oracle.record(name))

    assert [str(one) for one in found if one.reason is None] == []


def test_schemas__read_the_same_quantity(oracle):
    old = {"flr_ml": 600.5, "flr_ml_interval": [550.0, 650.0], "flr_ml_bound": "lower"}
    interval = {"low": 550.0, "high": 650.0}
    new = {"flr_ml": {"value": 600.5, "interval": interval, "bound": "lower", "reasons": []}}

    row = {"value": 600.5, "interval": [550.0, 650.0], "bound": "lower"}
    assert row == oracle.Schema13({}).quantity(old, "flr_ml")
    assert row == oracle.Schema20({}).quantity(new, "flr_ml")


def test_schemas__read_the_same_finding(oracle):
    numbers = {"value": 0.31, "threshold": 0.2, "probability": None}
    old = {"id": "flr.cloyd2020", "verdict": "met", **numbers}
    found = {"7": {"verdict": "met", "quantity": {"value": 0.31}}}
    rule = {"id": "flr.cloyd2020", "threshold": {"value": 0.2}, "found": found}
    document = {"rules": {"flr.cloyd2020#2": rule}}

    row = {"verdict": "met", "value": 0.31, "threshold": 0.2}
    assert ("flr.cloyd2020", row) == oracle.Schema13({}).finding(old)
    assert ("flr.cloyd2020", row) == oracle.Schema20(document).finding(7)


def test_baseline__holds_every_case(oracle, baseline):
    assert list(baseline) == list(oracle.CASES)
    assert len(baseline) >= 40
    assert min(len(one["rows"]) for one in baseline.values()) > 500


def test_differences__none_beside_the_last_digit(oracle):
    near = {"verdict": "met", "value": 0.312345679, "threshold": 0.2}

    assert oracle.differences("a", STORED, STORED) == []
    assert oracle.differences("a", STORED, stored_with(FINDING, near)) == []


@pytest.mark.parametrize(
    ("path", "row"),
    [
        (FINDING, {"verdict": "not_met", "value": 0.312345678, "threshold": 0.2}),
        (FINDING, {"verdict": "met", "value": 0.31234568, "threshold": 0.3}),
        (FINDING, {"verdict": "met", "value": 0.31234578, "threshold": 0.2}),
        (FINDING, {"verdict": "met", "threshold": 0.2}),
        ("plans/plan_1/flips", []),
        ("frilling/type", "I"),
        ("netlm/type", None),
    ],
)
def test_differences__finds_what_changed(path, row, oracle):
    found = oracle.differences("a", STORED, stored_with(path, row))

    assert [(one.path, one.after) for one in found] == [(path, row)]
    assert found[0].before == STORED["rows"].get(path, oracle.ABSENT)


def test_differences__finds_what_is_gone(oracle):
    rows = {path: row for path, row in STORED["rows"].items() if path != FINDING}

    (found,) = oracle.differences("a", STORED, {**STORED, "rows": rows})

    assert (found.path, found.after) == (FINDING, oracle.ABSENT)


def test_differences__of_other_maps_are_one(oracle):
    other = {"maps": {"liver": "fedcba9876543210"}, "rows": {}}

    assert ["maps"] == [one.path for one in oracle.differences("a", STORED, other)]


def test_compared__a_case_that_fails_or_is_gone_is_a_difference(oracle, monkeypatch):
    def failing(name, *, kept):
        raise KeyError(name)

    monkeypatch.setattr(oracle, "record", failing)

    (failed,) = oracle.compared("liver_alone", STORED)
    (gone,) = oracle.compared("of_old", STORED)

    assert failed.after == "failed: KeyError('liver_alone')"
    assert gone.after == oracle.ABSENT


def test_difference__is_named_by_a_pattern(oracle, monkeypatch):
    named = (("a:plans/*/flips", "counted anew"),)
    monkeypatch.setattr(oracle, "NAMED_DIFFERENCES", named)

    meant, other = (oracle.Difference(case, "plans/plan_1/flips", [], ["x"]) for case in "ab")

    assert meant.reason == "counted anew"
    assert other.reason is None


def test_baseline_text__is_read_as_it_was_written(oracle, tmp_path):
    changed = stored_with("frilling/type", "II")
    found = {"a": STORED, "b": STORED, "c": changed, "d": STORED}
    file = tmp_path / "baseline.json.xz"

    file.write_bytes(lzma.compress(oracle.baseline_text(found, {"commit": "0"}).encode("utf-8")))

    assert oracle.read_baseline(file) == found


def test_coverage__names_what_no_case_states(oracle, monkeypatch, capsys):
    monkeypatch.setattr(oracle, "CASES", {"a": oracle.Case(maps=oracle.few, facts={"ecog": 0})})

    assert oracle.coverage() == 1

    missing = capsys.readouterr().out.splitlines()
    assert "by no case: grade NEC" in missing
    assert "by no case: ascites True" in missing
    assert not [line for line in missing if "ecog" in line]
