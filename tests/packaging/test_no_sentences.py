"""Planning and volumetry compose no sentence; only the wording does, and the rule data state."""

import ast
import re

import pytest

STATED = {
    "planning/rules/": "rule data: statements and populations are their content",
    "planning/inputs.py": "the vocabulary: names and questions are its content",
    "planning/hepatectomies/named_sets.py": "the Brisbane names",
    "planning/facts/contradictions.py": "names of facts in errors",
    "planning/literature.py": "names of lines in errors",
    "volumetry/lesions/intensity.py": "names of maps in errors",
    "volumetry/lesions/cores.py": "names of maps in errors",
    "volumetry/liver_maps.py": "names of maps in errors",
    "volumetry/segment_parts.py": "names of maps in errors",
    "volumetry/standardised/": "formulas as data: populations are their content",
    "volumetry/uncertainty/error_models.py": "names of the models that stand in the report",
    "volumetry/virtual_resection/resection.py": "names of the codes in the label map",
}
"""Where words are content and not composed, each with why."""
WORDS = re.compile(r"[A-Za-z]{2,}[,;:]? [a-z]{2,}")
"""Two words in a row: a piece of a sentence."""


def made_of_text(node):
    """Yield the literal parts of a string or f-string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (part for value in node.values for part in made_of_text(value))


def raised_or_documented(tree):
    """Return the ids of all nodes within raised errors and of docstrings."""
    kept = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            kept |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            kept.add(id(node.value))
    return kept


def sentences(tree):
    """Return what reads like a piece of a sentence, errors and docstrings apart."""
    kept = raised_or_documented(tree)
    texts = (
        (node.lineno, text)
        for node in ast.walk(tree)
        if id(node) not in kept
        for text in made_of_text(node)
    )
    return [f"{line}: {text}" for line, text in texts if WORDS.search(text)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('x = "it would remain"', True),
        ('x = f"about {n} mL would remain"', True),
        ('"""A docstring of a module."""', False),
        ('raise ValueError(f"got {x}, allowed is more")', False),
        ('x = "flr.cloyd2020"', False),
    ],
)
def test_finder__tells_sentences_from_names(source, found):
    assert bool(sentences(ast.parse(source))) is found


def test_planning_and_volumetry__compose_no_sentence(trees):
    found = {
        str(path): texts
        for path, tree in trees.items()
        if str(path).startswith(("planning/", "volumetry/"))
        and not str(path).startswith(tuple(STATED))
        and (texts := sentences(tree))
    }
    assert found == {}
