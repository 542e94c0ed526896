"""The store holds the last rows of every case, once, whatever happens to its writer."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import filelock
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.cohort_rows import (
    NO_LIMITS,
    expected,
    failing_disk,
    is_committed,
    outcome_of,
    rows_of_version,
    seen,
)
from remnant.cohort import table_files
from remnant.cohort.committed import LOCK, settle
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.store import Limits, Store
from remnant.cohort.table_files import part_files, read_table, stored_cases
from remnant.cohort.tables import TABLES
from remnant.core.errors import InputError, UnreadableFileError


def add(store, case, version, **options):
    store.add(outcome_of(case, version), rows_of_version(case, version, **options))


def filled(cohort, versions, limits=NO_LIMITS):
    with Store(cohort, limits=limits) as store:
        for case, version in versions.items():
            add(store, case, version)
    return cohort


CASES = st.sampled_from(["a", "b", "c", "d", "e"])
ADDS = st.dictionaries(CASES, st.integers(0, 3), min_size=1, max_size=4)
STOPS = st.one_of(st.none(), st.integers(1, 80))


@settings(max_examples=10)
@given(rounds=st.lists(st.tuples(ADDS, STOPS), min_size=1, max_size=5))
def test_store__any_adds_flushes_and_kills__leave_the_last_rows_of_each_case(
    rounds, tmp_path_factory
):
    cohort = tmp_path_factory.mktemp("cohort")
    known = {}
    for adds, stop in rounds:
        coming = known | adds
        store = Store(cohort, limits=NO_LIMITS).__enter__()
        assert seen(cohort) == expected(known)
        for case, version in adds.items():
            add(store, case, version)
        if stop is None:
            store.close()
            known = coming
        else:
            killed(store, stop)
            by_itself(seen(cohort), known, coming)
            known = coming if is_committed(cohort) else now(cohort)
    with Store(cohort):
        assert seen(cohort) == expected(known)


def killed(store, stop):
    """Flush on a disk that no change reaches from one on; what the dead held is let go."""
    with suppress(OSError, InputError), failing_disk(stop):
        store.flush()
    store._lock.release(force=True)


def now(cohort):
    return {case: versions[0] for case, versions in seen(cohort)["cases"].items()}


def by_itself(found, before, coming):
    """Each table shows each case as it was or as it will be: never both, never a part."""
    for name, cases in found.items():
        for case in {*before, *coming}:
            allowed = [expected(v)[name].get(case) for v in (before, coming) if case in v]
            absent = case not in before or expected(before)[name].get(case) is None
            assert cases.get(case) in [*allowed, *([None] if absent else [])]


def stopped(kept, cohort, stop):
    """Flush to a copy of a cohort, stopped at a change of the disk; return all that were tried."""
    shutil.copytree(kept, cohort)
    store = Store(cohort, limits=NO_LIMITS).__enter__()
    add(store, "a", 2)
    add(store, "d", 1)
    with suppress(OSError, InputError), failing_disk(stop) as disk:
        store.flush()
    store._lock.release(force=True)
    return disk.changes


def test_store__killed_at_any_change_of_the_disk__is_never_seen_half(tmp_path):
    before, coming = {"a": 1}, {"a": 2, "d": 1}
    kept = filled(tmp_path / "kept", before)
    changes = stopped(kept, tmp_path / "whole", 10**6)
    commit = changes.index("rename") + 1
    last = len(changes) - changes[::-1].index("replace")
    assert changes.count("replace") == len(TABLES) < last - commit
    stops = [*range(1, commit, 6), *range(commit, last + 2), len(changes)]
    for stop in stops:
        cohort = tmp_path / f"{stop}"
        stopped(kept, cohort, stop)
        by_itself(seen(cohort), before, coming)
        held = coming if stop > commit else before
        with Store(cohort, limits=NO_LIMITS) as after:
            assert seen(cohort) == expected(held)
            add(after, "e", 1)
        assert seen(cohort) == expected(held | {"e": 1})
        assert not [p for p in cohort.iterdir() if p.name not in ("tables", LOCK)]
        shutil.rmtree(cohort)


@pytest.mark.parametrize("operation", [1, 5, 20, 40, 60])
def test_store__disk_fails_for_a_while__next_flush_makes_good(tmp_path, operation):
    cohort = filled(tmp_path, {"a": 1, "b": 2, "c": 3})
    with Store(cohort, limits=NO_LIMITS) as store:
        add(store, "a", 3)
        add(store, "d", 1)
        with failing_disk(operation, lasting=3), pytest.raises(InputError, match="cannot be writ"):
            store.flush()
        add(store, "e", 2)
        store.flush()
        assert seen(cohort) == expected({"a": 3, "b": 2, "c": 3, "d": 1, "e": 2})


def test_store__interrupted_right_after_the_commit__adds_nothing_twice(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    store = Store(filled(tmp_path, {"a": 1}), limits=NO_LIMITS).__enter__()
    add(store, "b", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "_commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.flush()
    store.close()

    assert seen(tmp_path) == expected({"a": 1, "b": 2})


def test_store__in_a_folder_that_cannot_be__is_refused(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(InputError, match="cannot be written"):
        Store(tmp_path / "file" / "cohort").__enter__()


def test_store__same_case_again__replaces_its_rows(tmp_path):
    filled(tmp_path, {"a": 1, "b": 2})
    filled(tmp_path, {"b": 1, "c": 3})

    assert seen(tmp_path) == expected({"a": 1, "b": 1, "c": 3})


def test_store__same_case_twice_before_a_flush__last_rows_stand(tmp_path):
    with Store(tmp_path, limits=NO_LIMITS) as store:
        add(store, "a", 3)
        add(store, "a", 1)

    assert seen(tmp_path) == expected({"a": 1})


def test_store__no_lesion__is_a_case_without_rows_there(tmp_path):
    filled(tmp_path, {"a": 0})

    assert read_table(tmp_path, "cases").num_rows == 1
    assert read_table(tmp_path, "lesions").num_rows == 0


def test_store__second_writer__is_refused_until_the_first_has_ended(tmp_path):
    with Store(tmp_path) as first:
        add(first, "a", 1)
        with pytest.raises(InputError, match="another process writes the tables"), Store(tmp_path):
            pass
    filled(tmp_path, {"b": 1})

    assert seen(tmp_path) == expected({"a": 1, "b": 1})


def test_store__an_error_in_the_block__keeps_what_was_added(tmp_path):
    def interrupted():
        with Store(tmp_path) as store:
            add(store, "a", 1)
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert seen(tmp_path) == expected({"a": 1})
    with filelock.FileLock(tmp_path / LOCK, timeout=0):
        pass


def test_store__many_flushes__few_files(tmp_path):
    limits = Limits(cases=3, cases_per_part=20)
    versions = {f"case-{number:03}": number % 3 for number in range(50)}
    filled(tmp_path, versions, limits)

    assert seen(tmp_path) == expected(versions)
    assert {len(part_files(tmp_path, name)) for name in TABLES} == {3}
    assert not [p for p in tmp_path.iterdir() if p.name not in ("tables", LOCK)]


@pytest.mark.parametrize(
    ("limits", "flushed"),
    [
        (Limits(cases=2), 2),
        (Limits(cases=100), 0),
        (Limits(bytes=1), 3),
        (Limits(seconds=0.0, rest=0.0), 3),
        (Limits(seconds=0.0, rest=1e6), 1),
        (Limits(cases=1, rest=1e6, bytes=1), 3),
    ],
)
def test_store__is_flushed_by_cases_bytes_and_seconds(tmp_path, limits, flushed):
    store = Store(tmp_path, limits=limits).__enter__()
    for case in ("a", "b", "c"):
        add(store, case, 1)

    assert len(store.stored()) == flushed
    store.close()
    assert len(stored_cases(tmp_path)) == 3


def test_stored__says_key_status_and_attempts(tmp_path):
    filled(tmp_path, {"a": 1, "b": 2})

    assert stored_cases(tmp_path / "none") == {}
    found = stored_cases(tmp_path)
    assert {case: (s.key, s.status, s.attempts) for case, s in found.items()} == {
        "a": ("key-1", CaseStatus.DONE, 1),
        "b": ("key-2", CaseStatus.DONE, 2),
    }


def test_carried_columns__a_new_one_stands_in_every_part(tmp_path):
    filled(tmp_path, {"a": 1, "b": 1, "c": 1})
    with Store(tmp_path, limits=NO_LIMITS) as store:
        add(store, "d", 2, carried=("x_site",))
        add(store, "b", 2, carried=("x_arm", "x_site"))

    schemas = [pq.read_schema(path).names for path in part_files(tmp_path, "cases")]
    assert len(schemas) > 1
    assert all(names[-2:] == ["x_arm", "x_site"] for names in schemas)
    table = read_table(tmp_path, "cases", ("case", "x_arm", "x_site")).to_pylist()
    assert {row["case"]: (row["x_arm"], row["x_site"]) for row in table} == {
        "a": (None, None),
        "b": ("2", "2"),
        "c": (None, None),
        "d": (None, "2"),
    }
    filled(tmp_path, {"e": 1})
    assert "x_arm" in read_table(tmp_path, "cases").column_names


@pytest.mark.parametrize(
    ("version", "todo"), [("0", "move the folder tables away"), ("2", "update remnant")]
)
def test_other_schema_version__is_refused_with_what_to_do(tmp_path, monkeypatch, version, todo):
    with monkeypatch.context() as patch:
        patch.setattr(table_files, "SCHEMA_VERSION", version)
        filled(tmp_path, {"a": 1})

    words = f"schema version {version}; this program reads 1: {todo}"
    with pytest.raises(InputError, match=words):
        read_table(tmp_path, "cases")
    with pytest.raises(InputError, match=words), Store(tmp_path):
        pass
    with filelock.FileLock(tmp_path / LOCK, timeout=0):
        pass


def test_damaged_part__is_refused_with_what_to_do(tmp_path):
    filled(tmp_path, {"a": 1})
    (path,) = part_files(tmp_path, "lesions")
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(UnreadableFileError, match="remnant cohort collect"), Store(tmp_path):
        pass


def test_rows__that_do_not_fit__are_refused_and_nothing_is_added(tmp_path):
    rows = rows_of_version("a", 1)
    with Store(tmp_path) as store:
        with pytest.raises(InputError, match="column nonsense, which its table lacks"):
            store.add(outcome_of("a", 1), rows | {"lesions": ({"case": "a", "nonsense": 1},)})
        with pytest.raises(InputError, match="does not fit its column"):
            store.add(outcome_of("a", 1), rows | {"lesions": ({"case": "a", "lesion": "one"},)})

    assert stored_cases(tmp_path) == {}


WRITER = """
import sys
from pathlib import Path
from examples.cohort_rows import outcome_of, rows_of_version
from remnant.cohort.store import Limits, Store
version = int(sys.argv[2])
with Store(Path(sys.argv[1]), limits=Limits(cases=4, rest=0.0, cases_per_part=8)) as store:
    for number in range(40):
        case = f"case-{number:02}"
        print(case, flush=True)
        store.add(outcome_of(case, version), rows_of_version(case, version))
"""


def test_writer__killed_in_the_middle__leaves_whole_tables(tmp_path, repository):
    paths = os.pathsep.join((str(repository), str(repository / "tests" / "support")))
    left, known = 0, {}
    for attempt in range(1, 4):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(attempt % 3 + 1)],
            env=os.environ | {"PYTHONPATH": paths},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        for _ in range(4 * attempt):  # the last of these cases is being flushed with three others
            assert process.stdout.readline()
        time.sleep(0.01 * attempt)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        left += any(path.name not in ("tables", LOCK) for path in tmp_path.iterdir())
        found = seen(tmp_path)
        assert all(len(versions) == 1 for versions in found["cases"].values())
        assert set(known) <= set(found["cases"])
        with Store(tmp_path):
            known = now(tmp_path)
            assert seen(tmp_path) == expected(known)

    assert left > 0
    assert len(known) >= 8


@pytest.fixture(name="small_disk")
def small_disk_fixture(tmp_path):
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small disk of its own needs root on Linux")
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_full_disk__keeps_the_tables_and_what_waits(small_disk):
    cohort = small_disk / "cohort"
    filled(cohort, {"a": 1, "b": 2})
    stone = small_disk / "stone"
    with suppress(OSError), stone.open("wb") as stream:
        while True:
            stream.write(bytes(4096))
            stream.flush()
    store = Store(cohort, limits=NO_LIMITS).__enter__()
    add(store, "a", 3)
    add(store, "c", 1)
    with pytest.raises(InputError, match="cannot be written"):
        store.flush()
    assert seen(cohort) == expected({"a": 1, "b": 2})
    stone.unlink()
    store.close()

    assert seen(cohort) == expected({"a": 3, "b": 2, "c": 1})


def test_reader__after_a_kill__puts_in_place_what_was_committed(tmp_path):
    kept = filled(tmp_path / "kept", {"a": 1})
    commit = stopped(kept, tmp_path / "whole", 10**6).index("rename") + 1
    cohort = tmp_path / "killed"
    stopped(kept, cohort, commit + 2)
    assert seen(cohort) != expected({"a": 2, "d": 1})

    with filelock.FileLock(cohort / LOCK, timeout=0):
        assert read_table(cohort, "cases").num_rows == 1  # a writer lives: it is its business
    assert read_table(cohort, "cases").num_rows == 2
    assert seen(cohort) == expected({"a": 2, "d": 1})


def test_settle__where_nothing_is_committed__does_nothing(tmp_path):
    assert settle(tmp_path) is False
    assert list(tmp_path.iterdir()) == []
