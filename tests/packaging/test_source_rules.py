"""Rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

# Spelled in parts, so that this file passes its own test.
INDEX_HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "download.pytorch" + ".org")
MACHINE_PATHS = ("/wo" + "rk/", "/tm" + "p/w", "/roo" + "t/", "/ho" + "me/")
INDEX_OPTION = re.compile(r"(index-url|find-links|trusted-host)[\"'\s=,]+http", re.IGNORECASE)
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
UNSAFE_CALLS = {"eval", "exec", "os.system", "os.popen", "torch.hub.load", "yaml.load"}
LATE = {"torch", "monai", "tensorflow"}
READERS = {"pydicom", "nibabel", "highdicom"}
SHIPPED_WEIGHTS = Path("models/bundles/couinaud-shape/models/model.safetensors")
LARGEST_WEIGHTS_BYTES = 8_000_000
VENDORED = Path("remnant/web/static/vendor")
VAGUE_FILES = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"}


def imported(tree):
    """Every module that is imported anywhere in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def keyword(call, name):
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), None)


def identifiers(tree):
    """Names that code gives or uses, not words in texts."""
    for node in ast.walk(tree):
        for attribute in ("id", "attr", "arg", "name"):
            name = getattr(node, attribute, None)
            if isinstance(name, str):
                yield name


def given_names(tree):
    """Names that code binds: variables, parameters, attributes, functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def text_of(repository, path):
    if VENDORED in path.parents:
        return ""  # published files, kept as they are
    try:
        return (repository / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("forbidden", [*INDEX_HOSTS, *MACHINE_PATHS])
def test_committed_files__name_no_index_host_and_no_machine_path(forbidden, committed, repository):
    assert len(committed) > 50

    assert [str(p) for p in committed if forbidden in text_of(repository, p)] == []


def test_committed_files__leave_the_package_index_to_the_user(committed, repository):
    named = [str(p) for p in committed if INDEX_OPTION.search(text_of(repository, p))]

    assert named == []


def test_committed_files__are_small_and_hold_no_weights(committed, repository):
    weights = (
        ".pt",
        ".pth",
        ".h5",
        ".hdf5",
        ".safetensors",
        ".onnx",
        ".whl",
        ".nii",
        ".gz",
        ".dcm",
    )

    kept = [p for p in committed if p != SHIPPED_WEIGHTS]
    assert [str(p) for p in kept if p.suffix in weights] == []
    most = {p: 4_000_000 if VENDORED in p.parents else 2_000_000 for p in kept}
    assert [str(p) for p in kept if (repository / p).stat().st_size > most[p]] == []
    assert (repository / SHIPPED_WEIGHTS).stat().st_size <= LARGEST_WEIGHTS_BYTES


def test_tests__have_no_packages(repository):
    assert [str(p) for p in (repository / "tests").rglob("__init__.py")] == []


def test_files__have_names_that_say_something(trees):
    assert [str(path) for path in trees if path.name in VAGUE_FILES] == []


def test_root__has_no_module_that_hides_a_package(repository, packages):
    assert [f"{name}.py" for name in packages if (repository / f"{name}.py").exists()] == []


def test_code__nothing_is_pickled_or_evaluated(trees):
    modules = {str(p): UNSAFE_MODULES & set(imported(tree)) for p, tree in trees.items()}
    called = {str(p): UNSAFE_CALLS & {name for name, _ in calls(t)} for p, t in trees.items()}

    assert {path: names for path, names in modules.items() if names} == {}
    assert {path: names for path, names in called.items() if names} == {}


def test_code__weights_are_loaded_as_weights_only(trees):
    unsafe = [
        f"{path}:{call.lineno}"
        for path, tree in trees.items()
        for name, call in calls(tree)
        if (name == "torch.load" and keyword(call, "weights_only") != "True")
        or (name.endswith(".load") and keyword(call, "allow_pickle") not in (None, "False"))
        or keyword(call, "shell") == "True"
    ]

    assert unsafe == []


def test_scans__see_what_they_look_for():
    bad = ast.parse(
        "import pickle\nfrom dill import loads\ntorch.load(f)\nnp.load(f, allow_pickle=True)\n"
        "affine = 1\ndef f(affine): pass\nx.lps = 3\n"
    )

    assert set(imported(bad)) == {"pickle", "dill"}
    assert [name for name, _ in calls(bad)] == ["torch.load", "np.load"]
    assert keyword(next(c for n, c in calls(bad) if n == "np.load"), "allow_pickle") == "True"
    assert list(given_names(bad)).count("affine") == 2
    assert "lps" in set(identifiers(bad))


def test_code__no_variable_is_just_called_affine(trees):
    assert [str(p) for p, tree in trees.items() if "affine" in set(given_names(tree))] == []


def test_code__lps_belongs_to_frames(trees):
    """Outside of remnant.io no name speaks of LPS; inside, it only goes through frames.py."""
    speaks = {
        path: tree
        for path, tree in trees.items()
        if any("lps" in name.lower().split("_") for name in identifiers(tree))
    }
    strangers = [str(path) for path in speaks if path.parts[:2] != ("remnant", "io")]
    around = [
        str(path)
        for path, tree in speaks.items()
        if path.name != "frames.py" and "remnant.io.frames" not in set(imported(tree))
    ]

    assert "remnant/io/frames.py" in {path.as_posix() for path in speaks}
    assert strangers == []
    assert around == []


def test_imports__only_networks_import_network_libraries(trees):
    strangers = [
        str(path)
        for path, tree in trees.items()
        if path.parts[0] not in ("segmentation", "models")
        and LATE & {name.split(".")[0] for name in imported(tree)}
    ]

    # doctor and provenance may ask which torch is there
    assert [path for path in strangers if not path.startswith("remnant/pipeline/")] == []


def test_imports__only_io_and_pacs_import_readers(trees):
    strangers = [
        str(path)
        for path, tree in trees.items()
        if path.parts[:2] not in {("remnant", "io"), ("remnant", "pacs")}
        and READERS & {name.split(".")[0] for name in imported(tree)}
    ]

    assert strangers == []


def test_imports__production_does_not_know_its_tests(trees):
    strangers = [
        str(path)
        for path, tree in trees.items()
        if path.parts[:2] != ("remnant", "testing")
        and any(name.startswith("remnant.testing") for name in imported(tree))
    ]

    assert strangers == []


def test_texts__no_figure_is_left_to_be_filled_in(committed, repository):
    texts = [p for p in committed if p.suffix in {".md", ".toml", ".json"}]
    left = [
        str(p) for p in texts if re.search(r"@[A-Z_]{3,}@", (repository / p).read_text("utf-8"))
    ]

    assert len(texts) > 20
    assert left == []
