"""Documents and their types: every value comes back, and the kept schemas are the types'."""

import json
from dataclasses import fields

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from remnant.core.case import CaseReport
from remnant.core.errors import InputError
from remnant.core.planning_report import PlanningReport
from remnant.documents.agreement_document import SOFTWARE
from remnant.documents.comparison_document import COMPARISON
from remnant.documents.map_document import MAP
from remnant.documents.report_document import REPORT
from remnant.documents.schemas import DOCUMENTS, committed_schema, schema_file
from remnant.documents.state_document import STATE
from remnant.testing.typed import values_of

# a whole report has too many parts to be made smaller within minutes
UNSHRUNK = (Phase.explicit, Phase.generate)
NAMES = [document.name for document in DOCUMENTS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_schema__is_the_one_that_the_types_give(document):
    assert document.json_schema() == committed_schema(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_schema__is_valid_and_closes_every_object(document):
    def objects(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for value in node.values():
                yield from objects(value)
        elif isinstance(node, list):
            for value in node:
                yield from objects(value)

    schema = committed_schema(document)
    Draft202012Validator.check_schema(schema)
    found = list(objects(schema))
    assert len(found) > (2 if document is MAP else 8)
    assert [node for node in found if "additionalProperties" not in node] == []


def test_schema__folder_holds_no_schema_of_an_earlier_version():
    kept = {file.name for file in schema_file(REPORT).parent.iterdir()}
    assert {schema_file(document).name for document in DOCUMENTS} <= kept
    assert {name for name in kept if not name.startswith("facts-")} == {
        schema_file(document).name for document in DOCUMENTS
    }


@pytest.fixture(name="_any_words", autouse=True)
def any_words_fixture(monkeypatch):
    """Findings of any id have words: there are none for ids that nobody gives."""
    monkeypatch.setattr("remnant.wording.findings.text_of", lambda _: "Words.")
    for name in ("found_here", "statement_of", "words"):
        monkeypatch.setattr(f"remnant.documents.shared_parts.{name}", lambda _: "Words.")


@pytest.mark.parametrize("document", [REPORT, COMPARISON, STATE, MAP], ids=lambda d: d.name)
@given(data=st.data())
@settings(max_examples=10, deadline=None, phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
def test_document__every_value_of_its_type_comes_back(document, data):
    value = data.draw(values_of(document.kind))
    encoded = document.encode(value)
    text = json.dumps(encoded, allow_nan=False)
    assert value == document.decode(text)
    Draft202012Validator(committed_schema(document)).validate(json.loads(text))


@given(data=st.data())
@settings(max_examples=15, deadline=None, phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
def test_report__every_value_of_a_plan_comes_back(made, data):
    case = CaseReport(
        **{f.name: getattr(made.case, f.name) for f in fields(CaseReport) if f.name != "planning"},
        planning=data.draw(values_of(PlanningReport)),
    )
    assert case == REPORT.decode(json.dumps(REPORT.encode(case), allow_nan=False))


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
@pytest.mark.parametrize("version", ["0.9", "1.3", None])
def test_document__of_another_version_is_refused_with_what_to_do(document, version):
    said = f"this program reads {document.version}: {document.advice}"
    with pytest.raises(InputError, match=said) as caught:
        document.decode(json.dumps({"schema_version": version}))
    assert "\n" not in str(caught.value)


def test_agreement__names_the_program_that_wrote_it():
    assert {"name": "remnant"}.items() <= SOFTWARE.items()
