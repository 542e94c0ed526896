import ast
import re
import tomllib
from pathlib import Path

import pytest

import models
import planning
import volumetry
from planning.literature import load_literature, parse_literature
from planning.rules.flr import FURTHER_MINIMA
from planning.rules.remnant import DEBULKING_RULES, REMNANT_RULE_SETS
from remnant.core.errors import InputError
from volumetry.standardised.body_surface import BSA_FORMULAS
from volumetry.standardised.volume_formulas import FORMULAS

GOOD = """% a remark

@article{some2020,
  author = {Some et al.},
  journal = {J Tests},
  year = {2020},
  volume = {7},
  pages = {1-9},
  doi = {10.1/x},
  note = {Title not recorded.},
}
@misc{other_one,
  title = {A text},
  pmid = {123},
  pmcid = {PMC9}
}
"""


def test_parse__reads_every_field():
    found = parse_literature(GOOD)
    assert list(found) == ["some2020", "other_one"]
    some, other = found.values()
    assert some.citation == "Some et al., J Tests, 2020, volume 7, p. 1-9"
    # that there is no title is said once of all such entries, not in each
    assert (some.doi, some.note, some.titled, some.dated) == ("10.1/x", None, False, True)
    assert (some.short, other.short) == ("Some 2020", "A text")
    assert other.citation == "A text, PMCID PMC9, PMID 123"
    assert (other.doi, other.note, other.titled, other.dated) == (None, None, True, False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("@misc{other_one,", "@misc{some2020,", "line 12: Duplicate entry key 'some2020'"),
        ("@misc{other_one,", "@book{other_one,", "line 12: allowed is @article"),
        ("@misc{other_one,", "@misc{Other One,", "line 12: allowed is @article"),
        ("% a remark", "a remark", "line 1: a remark starts with %"),
        ("  pmid = {123},", "  editor = {Nobody},", "editor is not known, allowed are author, doi"),
        ("  pmid = {123},", "  title = {Again},", "Duplicate field keys on entry: 'title'"),
        ("  pmid = {123},", "  pmid {123},", "line 12: the entry does not end or a sign"),
        ("  pmid = {123},", "  pmid = {1{2}3},", "pmid is empty, holds braces"),
        ("  pmid = {123},", "  pmid = {123}", "pmid is empty, holds braces, or lacks a comma"),
        ("  pmid = {123},", "  pmid = {},", "pmid is empty"),
        ("  title = {A text},\n  pmid = {123},\n  pmcid = {PMC9}\n", "", "nothing that can be"),
        ("PMC9}\n}\n", "PMC9}\n", "line 12: the entry does not end"),
    ],
)
def test_parse__refuses_anything_else(old, new, message):
    assert old in GOOD
    with pytest.raises(InputError, match=re.escape(message)):
        parse_literature(GOOD.replace(old, new))


def test_literature__says_what_is_not_known():
    review = load_literature()["gepnetlm_review"]
    assert "Authors and journal were not in the text supplied" in review.note
    assert review.doi is None
    for reference in load_literature().values():
        untitled = "itle not recorded" in (reference.note or "")
        assert untitled or "," in reference.citation or reference.note, reference.key


def test_literature__dois_of_the_reviews():
    dois = {key: reference.doi for key, reference in load_literature().items() if reference.doi}
    assert dois == {
        "machairas2021": "10.20524/aog.2021.0574",
        "cloyd2020": "10.21037/hbsn.2020.04.02",
        "pmc6422720": "10.1002/jso.25430",
        "ribero2013": "10.1097/SLA.0000000000000213",
        "chouker2004": "10.1002/lt.20113",
        "linguraru2012": "10.1016/j.acra.2012.01.015",
        "eisenhauer2009": "10.1016/j.ejca.2008.10.026",
        "mehrara2007": "10.1158/0008-5472.CAN-06-3822",
        "strasberg2005": "10.1007/s00534-005-0999-7",
        "tang2020_liver": "10.1007/s00259-020-04800-3",
        "ma2024_medsam": "10.1038/s41467-024-44824-z",
    }


def test_literature__resolves_every_key_of_the_rules():
    keys = {
        minimum.threshold.source
        for rule_set in REMNANT_RULE_SETS
        for minimum in rule_set.minima.values()
    }
    keys |= {rule_set.source for rule_set in REMNANT_RULE_SETS}
    keys |= {rule.threshold.source for rule in DEBULKING_RULES}
    assert len(keys) == 7
    assert {rule.threshold.source for rule in FURTHER_MINIMA} <= set(load_literature())
    assert keys <= set(load_literature())


def test_literature__resolves_every_key_of_the_formulas():
    formulas = [*FORMULAS.values()] if hasattr(FORMULAS, "values") else [*FORMULAS]
    surfaces = [*BSA_FORMULAS.values()] if hasattr(BSA_FORMULAS, "values") else [*BSA_FORMULAS]
    keys = {formula.source for formula in formulas}
    keys |= {formula.read_in for formula in formulas if formula.read_in is not None}
    keys |= {surface.id for surface in surfaces}
    assert len(keys) > 20
    assert set() == keys - set(load_literature())


KEY = re.compile(r"[a-z]+(?:19|20)\d\d|pmc\d+")
QUOTED = re.compile(rf"``({KEY.pattern})``")


def _cited_keys(package):
    """Find what is given as a source, strings that look like a key, and keys in docstrings."""
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in {"source", "read_in"}:
                yield from [getattr(node.value, "value", "")]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from QUOTED.findall(node.value)
                yield from [node.value] * bool(KEY.fullmatch(node.value))


@pytest.mark.parametrize("package", [planning, volumetry])
def test_literature__resolves_every_key_in_the_code(package):
    keys = {key for key in _cited_keys(package) if isinstance(key, str) and key}
    assert keys
    assert set() == keys - set(load_literature())


CATALOG = Path(models.__file__).parent / "catalog.toml"


def test_literature__resolves_every_source_of_the_models():
    catalog = tomllib.loads(CATALOG.read_text(encoding="utf-8"))
    keys = {model["source"] for model in catalog["model"]}
    assert len(keys) == 3
    assert keys <= set(load_literature())


def test_literature__holds_no_entry_that_nothing_cites():
    files = (f for p in (planning, volumetry) for f in Path(p.__file__).parent.rglob("*.py"))
    texts = "\n".join(path.read_text(encoding="utf-8") for path in (*files, CATALOG))
    notes = " ".join(reference.note or "" for reference in load_literature().values())
    assert [key for key in load_literature() if key not in texts and key not in notes] == []
