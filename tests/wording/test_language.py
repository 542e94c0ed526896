"""The second language: every message has its German, and nothing that is said is not a message."""

import ast
import re
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from planning.criteria.catalogue import CONDITIONS, REMARKS
from planning.literature import load_literature
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.clinical import ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.quantity import Interval, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.wording import extraction
from remnant.wording.extraction import CATALOGUES, Found, found_messages, needs_translation
from remnant.wording.language import (
    LANGUAGES,
    catalogue_of,
    in_language,
    language,
    say,
    say_as,
    say_many,
    spoken,
)
from remnant.wording.lists import obstacle, statement
from remnant.wording.numbers import counted, ends, millimetres, percent, plain, shown
from remnant.wording.phrases import listed
from remnant.wording.reasons import TEMPLATES, words
from remnant.wording.rule_rows import rule_rows

GERMAN = "de"
FOUND = found_messages()
PLACE = re.compile(r"%\((\w+)\)s")
ALIKE = frozenset(
    (
        "/nL",
        "ALPPS (Croome 2015)",
        "Ablation",
        "Axial",
        "Chemoembolisation (TACE)",
        "Cloyd 2020",
        "ECOG",
        "ENETS, in Cloyd 2020",
        "Embolisation (TAE)",
        "Everolimus",
        "FDG-PET",
        "INR",
        "Interferon alpha",
        "Ki-67",
        "Kim 2013",
        "Machairas 2021",
        "Median",
        "NEC",
        "Operation",
        "Optimum",
        "Plan",
        "Radioembolisation (RE)",
        "Radioembolisation (TARE)",
        "Sagittal",
        "Schindl",
        "Segment",
        "Shirabe",
        "Shoup",
        "Software",
        "Sunitinib",
        "Transplantation",
        "Truant",
        "UNOS",
        "Vauthey 2000",
        "minimal",
        "normal",
        "van Vilsteren",
        "{share:.0f} % in {segment}",
        "µmol/L",
    )
)


def catalogues():
    """Every catalogue of German by its file."""
    for path in sorted((CATALOGUES / GERMAN).glob("*.po")):
        with path.open("rb") as file:
            yield path.stem, read_po(file, locale=GERMAN)


def entries():
    return [(name, entry) for name, read in catalogues() for entry in read if entry.id]


def forms(entry):
    return (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)


def first(entry):
    return entry.id if isinstance(entry.id, str) else entry.id[0]


def places(text):
    """Names of placeholders with their formats, of both kinds."""
    braces = (
        [(name, spec) for _, name, spec, _ in Formatter().parse(text) if name is not None]
        if "%(" not in text and "%%" not in text
        else []
    )
    return sorted(braces + [(name, "") for name in PLACE.findall(text)])


# The catalogue


def test_catalogue__holds_each_message_of_the_sources_once_and_no_other():
    kept = [(entry.context, first(entry)) for _, entry in entries()]
    assert sorted(set(kept), key=str) == sorted(kept, key=str)
    assert {(one.context, one.message) for one in FOUND} == set(kept)


def test_catalogue__stands_in_the_file_of_its_source():
    assert {(one.message, one.file) for one in FOUND} == {(first(e), name) for name, e in entries()}


def test_catalogue__is_complete():
    assert [] == [first(e) for _, e in entries() if e.fuzzy or not all(forms(e))]
    plurals = [e for _, e in entries() if not isinstance(e.id, str)]
    assert [] == [first(e) for e in plurals if len(forms(e)) != 2]


def test_catalogue__fills_the_same_places():
    wrong = [
        (first(entry), form)
        for _, entry in entries()
        for form in forms(entry)
        if places(form) != places(first(entry))
    ]
    assert [] == wrong


def test_catalogue__begins_and_ends_as_the_message_does():
    """Parts of sentences are put together by these blanks and signs."""

    def edges(text):
        return text[:1].isspace(), text[-1:].isspace(), text[-1:] in ".:"

    wrong = [first(e) for _, e in entries() if edges(first(e)) != edges(forms(e)[0])]
    assert [] == wrong


def test_catalogue__is_german():
    """What reads alike in both languages is a name, a Latin word or a sign."""
    same = {first(e) for _, e in entries() if forms(e)[0] == first(e)}
    assert same == ALIKE


@pytest.mark.parametrize("rule", sorted({*CONDITIONS, *REMARKS}))
def test_rules__each_has_its_german(rule):
    """What a report prints of a rule, by its id; all other rules are written from their data."""
    english = statement(rule)
    with in_language(GERMAN):
        german = statement(rule)
        assert english != german
        assert not re.search(r"\b(the|of|and|not|is|with|at least)\b", german)


def test_rules__of_all_the_population_or_the_statement_is_a_message():
    """Numbers of classes are not printed as rules; a project's own stand in other sentences."""
    known = {one.message for one in FOUND}
    rows = [row for rows in rule_rows().values() for row in rows if ".number." not in row.id]
    printed = [row for row in rows if row.source != PROJECT_SOURCE]
    assert len(printed) > 300
    assert [] == [row.id for row in printed if not known & set(_parts(row))]


def _parts(row):
    return (row.population, row.statement, *row.statement.split(": "), *row.population.split("; "))


@pytest.mark.parametrize("cause", [one for one in Cause if isinstance(TEMPLATES[one], str)])
def test_reasons__each_has_its_german(cause):
    example = Reason(cause, amounts=(0.25,) * 7, names=("ABC",) * 7, because=())
    english = words(example)
    with in_language(GERMAN):
        assert english != words(example)


# What is found in sources


def test_extraction__finds_what_is_said_marked_counted_and_listed():
    source = """
say("one {place}", place=1)
say_many("{number} cat", "{number} cats", 2)
say_as("of a door", "open")
message("kept for later")
counted(3, "lesion")
TABLE = spoken({1: "in a table"}, "kind")
WORDS: Final[Mapping[int, Template]] = {1: "of a template", 2: lambda one: say("inner")}
OTHER: Final[Mapping[int, str]] = {1: "a name of the machine"}
log("not said")
"""
    tree = ast.parse(source)
    found = {(one.context, one.message, one.plural) for one in extraction.messages_of(tree, "x")}
    assert found == {
        (None, "one {place}", ""),
        (None, "{number} cat", "{number} cats"),
        ("of a door", "open", ""),
        (None, "kept for later", ""),
        (None, "{number} lesion", "{number} lesions"),
        ("kind", "in a table", ""),
        (None, "of a template", ""),
        (None, "inner", ""),
    }


@pytest.mark.parametrize(
    ("message", "needed"),
    [
        ("{value:.0f} mL", False),
        ("{low:g}–{high:g} %", False),
        ("{number} lesions", True),
        ("sFLR", False),
        ("%(count)s more", True),
    ],
)
def test_extraction__leaves_out_what_has_no_words(message, needed):
    assert needs_translation(message) is needed


def test_extraction__brings_a_catalogue_up_to_date(tmp_path, monkeypatch):
    monkeypatch.setattr(extraction, "CATALOGUES", tmp_path)
    (tmp_path / GERMAN).mkdir()
    (tmp_path / GERMAN / "gone.po").write_text('msgid "old"\nmsgstr "alt"\n')
    messages = (Found(message="new", file="a"), Found(message="cat", plural="cats", file="b"))
    monkeypatch.setattr(extraction, "found_messages", lambda: messages)
    extraction.write_catalogue(GERMAN, {(None, "cat"): ("Katze", "Katzen")})
    assert {"a.po", "b.po"} == {path.name for path in (tmp_path / GERMAN).iterdir()}
    with (tmp_path / GERMAN / "b.po").open("rb") as file:
        (entry,) = [one for one in read_po(file, locale=GERMAN) if one.id]
    assert ("Katze", "Katzen") == entry.string
    with (tmp_path / GERMAN / "a.po").open("rb") as file:
        (entry,) = [one for one in read_po(file, locale=GERMAN) if one.id]
    assert not entry.string


MARKS = frozenset(
    (*extraction.SAID, "say_many", "say_as", "spoken", "counted", "LookupError", "require_extra")
)
PIECE = re.compile(r"[A-Za-z]{2,}[,;:]? [a-z]{2,}|^ ?[a-z]{3,} | [a-z]{3,} ?$")
"""Two words in a row, or a word with a blank at its end: a piece of a sentence."""


NO_SENTENCES = ("the liver mask", "remnant run CASE ", "--masks-preset", "\n@font-face")
"""What an error names, commands, and a style sheet."""


def unsaid(tree):
    """Lines with a piece of a sentence that is neither said nor marked, errors apart."""
    inside = {}
    for node in ast.walk(tree):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        table = isinstance(node, ast.AnnAssign) and extraction.is_table(node)
        quiet = isinstance(node, ast.Raise) or (called and node.func.id in MARKS) or table
        bare = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for child in ast.iter_child_nodes(node):
            inside[child] = quiet or bare or inside.get(node, False)
    return [
        f"{node.lineno}: {node.value}"
        for node, quiet in inside.items()
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if not quiet and PIECE.search(node.value) and needs_translation(node.value)
        if not node.value.startswith(NO_SENTENCES)
    ]


def test_unsaid__finds_pieces_of_sentences():
    source = '''"""A module."""
def f(n):
    """Say it."""
    raise ValueError(f"got {n}, allowed is less")
    return say("all is well", n=f"{n} cats and dogs") + f"about {n}" + "left over" + "key"
'''
    assert ["5: about ", "5: left over"] == sorted(unsaid(ast.parse(source)))


@pytest.mark.parametrize(
    "path", extraction.modules(), ids=lambda path: f"{path.parent.name}.{path.stem}"
)
def test_modules_of_the_report__say_all_their_sentences(path):
    assert [] == unsaid(ast.parse(path.read_text(encoding="utf-8")))


# How things are said


def test_language__is_english_unless_it_is_asked_for():
    assert "en" == language()
    with in_language(GERMAN):
        assert GERMAN == language()
        with in_language("en"):
            assert "none" == say("none")
        assert "keine" == say("none")
    assert "en" == language()


def test_language__unknown_is_refused():
    with (
        pytest.raises(InputError, match="got the language 'xx'; known are en, de"),
        in_language("xx"),
    ):
        pass


def test_say__without_a_translation_is_english():
    with in_language(GERMAN):
        assert "nobody says 1,5 this" == say("nobody says {n:.1f} this", n=1.5)
        assert "2 odd things" == say_many("{number} odd thing", "{number} odd things", 2)
        assert "open" == say_as("of a door", "open")


def test_say_many__takes_the_form_of_the_number():
    assert ["1 lesion", "0 lesions", "2 lesions"] == [counted(n, "lesion") for n in (1, 0, 2)]
    with in_language(GERMAN):
        assert ["1 Läsion", "0 Läsionen"] == [counted(n, "lesion") for n in (1, 0)]


def test_tables__are_said_where_they_are_read():
    table = spoken({1: "none"})
    assert "none" == table[1]
    with in_language(GERMAN):
        assert "keine" == table[1]
        assert {1: "keine"} == dict(table)
    assert [1] == list(table)


def test_lists__end_with_the_word_of_the_language():
    with in_language(GERMAN):
        assert "a, b und c" == listed(["a", "b", "c"])


def test_numbers__have_a_comma_in_german():
    known = Quantity(12.34, interval=Interval(9.876, 15.0))
    with in_language(GERMAN):
        assert ("12,3", "0,50", "1234", "< 0,01") == tuple(map(plain, (12.34, 0.5, 1234.0, 0.001)))
        assert "19,96" == percent(0.1996, (0.2,))
        assert "9,96 mm" == millimetres(9.96, beside=10.0)
        assert "9,9–15,0" == ends(known.interval)
        assert "12,3" == shown(known)
        assert "1,5 mL" == say("{value:.1f} mL", value=1.5)
        assert "0,05" == say("{amounts[0]:.2f}", amounts=(0.05,))


def test_obstacles__are_in_german():
    with in_language(GERMAN):
        assert "Peritonealkarzinose" == obstacle("contraindication.peritoneum")


def test_literature__stays_as_it_was_printed():
    english = {key: reference.citation for key, reference in load_literature().items()}
    with in_language(GERMAN):
        assert english == {key: one.citation for key, one in load_literature().items()}


def test_facts__have_words():
    """Every field of the clinical facts is called something in German."""
    from remnant.wording.told_facts import told

    example = ClinicalFacts(functional=True, ki67_percent=4.5, stable_months=8.0)
    with in_language(GERMAN):
        assert {"funktionell: ja", "Ki-67 4,5 %", "stabil 8 Monate"} == set(told(example))


def test_languages__each_has_a_catalogue():
    for code in set(LANGUAGES) - {"en"}:
        assert catalogue_of(code).messages
