"""Templates hold plain logic; nobody takes a text of the wording apart."""

import ast

import pytest

ROOMS = ("view", "page", "terminal", "pipeline", "cli", "documents", "pictures")
TAKES_APART = {
    *("split", "rsplit", "partition", "rpartition", "removeprefix", "removesuffix", "replace"),
    *("startswith", "endswith", "find", "index", "strip", "lstrip", "rstrip"),
}
WRITERS = {"text_of", "bare_text_of", "why", "listed", "statement", "reviewed_answer"}
TEXTS = {"text", "reason", "reasons_text", "segments_reason", "plans_reason", "headline"}
PATTERNS = {"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
LONGEST_LINE = 120


def is_text(node):
    """Whether an expression is a text that the wording made: ``x.text``, ``x.reason or ""``."""
    if isinstance(node, ast.BoolOp):
        return any(map(is_text, node.values))
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in WRITERS
    return isinstance(node, ast.Attribute) and node.attr in TEXTS


def taken_apart(tree):
    """Give the lines on which such a text, or what was bound to it, is taken apart."""
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        bound = {
            target.id
            for node in ast.walk(function)
            if isinstance(node, ast.Assign | ast.NamedExpr) and is_text(node.value)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            name, owner = node.func.attr, node.func.value
            known = is_text(owner) or (isinstance(owner, ast.Name) and owner.id in bound)
            given = any(
                is_text(a) or (isinstance(a, ast.Name) and a.id in bound) for a in node.args
            )
            if (name in TAKES_APART and known) or (name in PATTERNS and given):
                yield node.lineno


def in_rooms(trees, names):
    """Modules of rooms of the application."""
    return {path: tree for path, tree in trees.items() if path.parts[1] in names}


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return x.text.removesuffix('a')",
        "def f(x): return (x.reason or '').split('; ')",
        "def f(x):\n    words = x.text\n    return words.partition('. ')",
        "def f(x): return PATTERN.sub('', x.text)",
        "def f(x): return text_of(x).split()",
    ],
)
def test_rule__finds_what_it_forbids(source):
    assert list(taken_apart(ast.parse(source)))


def test_texts__are_not_taken_apart(trees):
    rooms = in_rooms(trees, ROOMS)
    assert len(rooms) > 50
    found = {str(path): lines for path, t in rooms.items() if (lines := list(taken_apart(t)))}

    assert found == {}


def test_view_page_terminal__know_no_regular_expression(trees):
    rooms = in_rooms(trees, ("view", "page", "terminal"))
    assert len(rooms) > 20
    importing = [
        str(path)
        for path, tree in rooms.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and any(alias.name == "re" for alias in node.names)
    ]

    assert importing == []


def test_templates__lines_are_short_and_logic_is_plain(repository):
    templates = sorted((repository / "remnant" / "page" / "templates").glob("*.j2"))
    assert len(templates) > 10
    lines = [
        (path.name, number, line)
        for path in templates
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    ]
    filters = ("| replace", "| format", "removeprefix", "removesuffix", ".startswith", ".rstrip")

    assert [(name, n) for name, n, line in lines if len(line) > LONGEST_LINE] == []
    assert [(name, n) for name, n, line in lines if any(f in line for f in filters)] == []
