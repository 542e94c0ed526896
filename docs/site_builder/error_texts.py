"""The texts of all errors, read from the sources that raise them.

A text is what its f-string says, with … for what is filled in. Where a function of the same module
words it, that function's texts are taken.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGES: Final = ("remnant", "volumetry", "segmentation", "planning", "models")
ERRORS: Final = Path("remnant/core/errors.py")
BLANK: Final = "…"
LEAST_LETTERS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorText:
    """One text of an error: its class, the words, and the module that raises it."""

    kind: str
    text: str
    module: str


def error_kinds(repository: Path) -> dict[str, str]:
    """Return what each class of errors means, by name, in the order of their module."""
    tree = ast.parse((repository / ERRORS).read_text(encoding="utf-8"))
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name: ast.get_docstring(node) or "" for node in classes}


def error_texts(repository: Path) -> tuple[ErrorText, ...]:
    """Return every text of every error of `error_kinds`, each once, sorted."""
    kinds = error_kinds(repository)
    files = (path for name in PACKAGES for path in sorted((repository / name).rglob("*.py")))
    found = {
        ErrorText(kind=kind, text=text, module=path.relative_to(repository).as_posix())
        for path in files
        for kind, text in _raised(ast.parse(path.read_text(encoding="utf-8")), kinds)
    }
    return tuple(sorted(found, key=lambda one: (one.module, one.kind, one.text)))


def _raised(tree: ast.Module, kinds: dict[str, str]) -> Iterator[tuple[str, str]]:
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not (isinstance(call.func, ast.Name) and call.func.id in kinds and call.args):
            continue
        for text in _texts(call.args[0], functions):
            words = " ".join(text.split())
            if sum(map(str.isalpha, words)) >= LEAST_LETTERS:
                yield call.func.id, words


def _texts(node: ast.expr, functions: dict[str, ast.FunctionDef]) -> Sequence[str]:
    """Return the texts that an expression may have, as far as it is written out."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _returned(functions.get(node.func.id))
    if isinstance(node, ast.IfExp):
        return (*_texts(node.body, functions), *_texts(node.orelse, functions))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left = _texts(node.left, functions) or (BLANK,)
        right = _texts(node.right, functions) or (BLANK,)
        return tuple(a + b for a in left for b in right)
    return _written(node)


def _returned(function: ast.FunctionDef | None) -> Sequence[str]:
    if function is None:
        return ()
    results = (node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    return tuple(text for result in results if result for text in _texts(result, {}))


def _written(node: ast.expr) -> Sequence[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, ast.JoinedStr):
        parts = (
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else BLANK
            for part in node.values
        )
        return ("".join(parts),)
    return ()
