"""Small functions, as CONTRIBUTING.md promises; a file is one subject, however long."""

import ast
import re
from statistics import median, quantiles

import pytest

LONGEST_BODY, MEDIAN_BODY, P90_BODY = 50, 9, 25
MOST_PARAMETERS = 7
# The one doorway of a stage may take more, keyword-only; each is named here with its number.
DOORWAYS = {
    "remnant/api.py run_case": 8,
    "remnant/pipeline/run.py run_study": 8,
    "volumetry/measure.py measure": 14,
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def body_lines(function):
    """Lines from the first statement after the docstring to the end; 0 for a docstring alone."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def parameters(function):
    """Number of parameters, ``self`` and ``cls`` apart."""
    given = function.args
    named = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in named if name not in ("self", "cls")])


@pytest.fixture(scope="module", name="functions")
def functions_fixture(trees):
    return {
        f"{path}:{node.lineno} {node.name}": node
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS)
    }


def test_measure__counts_what_it_says():
    text = '"""Doc.\n\n    More.\n    """'
    source = f"def f(self, a, *, b):\n    {text}\n    x = (a,\n         b)\n    return x\n"
    function = ast.parse(source).body[0]

    assert body_lines(function) == 3
    assert parameters(function) == 2
    assert body_lines(ast.parse('def g():\n    """Doc."""').body[0]) == 0


def test_functions__none_is_too_long(functions):
    assert len(functions) > 200
    too_long = {name: n for name, f in functions.items() if (n := body_lines(f)) > LONGEST_BODY}

    assert too_long == {}


def test_functions__are_short_as_a_rule(functions):
    lengths = [body_lines(f) for f in functions.values()]

    assert median(lengths) <= MEDIAN_BODY
    assert quantiles(lengths, n=10)[-1] <= P90_BODY


def test_functions__take_few_parameters(functions):
    """Commands are excepted: their parameters are the options that people see."""
    many = {
        re.sub(r":\d+ ", " ", name): n
        for name, f in functions.items()
        if not name.startswith("remnant/cli/") and (n := parameters(f)) > MOST_PARAMETERS
    }

    assert many == DOORWAYS


def test_functions__are_fully_typed(functions):
    """mypy --strict says so too; this one also runs where mypy does not."""
    untyped = [
        name
        for name, f in functions.items()
        if f.returns is None
        or any(
            a.annotation is None and a.arg not in ("self", "cls")
            for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)
        )
    ]

    assert untyped == []
