"""Cases of a cohort with few rows, whose version stands in every table; and a disk that fails."""

import os
from contextlib import contextmanager

import pyarrow.parquet as pq
import pytest

from remnant.cohort.committed import PENDING
from remnant.cohort.outcomes import CaseOutcome, CaseStatus
from remnant.cohort.store import Limits
from remnant.cohort.table_files import part_files

OPERATIONS = ("rename", "replace", "unlink", "rmdir", "mkdir", "open", "fsync")
NO_LIMITS = Limits(cases=10**6, bytes=10**12, seconds=1e9, cases_per_part=2)
"""Nothing is flushed unasked; parts are full at once."""


def outcome_of(case, version):
    return CaseOutcome(case=case, key=f"key-{version}", status=CaseStatus.DONE, attempts=version)


def rows_of_version(case, version, *, carried=()):
    """Return rows of one case: as many lesions as its version says."""
    cells = {"case": case, "key": f"key-{version}", "status": "done", "attempts": version}
    return {
        "cases": ({**cells, **{name: str(version) for name in carried}},),
        "lesions": tuple(
            {"case": case, "lesion": number, "longest_axial_mm": float(version)}
            for number in range(1, version + 1)
        ),
        "timings": ({"case": case, "stage": "read", "seconds": float(version)},),
    }


def seen(cohort):
    """Return the versions of each case in each table, as any reader of the files finds them."""
    columns = {"cases": "attempts", "lesions": "longest_axial_mm", "timings": "seconds"}
    return {name: _versions(cohort, name, column) for name, column in columns.items()}


def _versions(cohort, name, column):
    found = {}
    for path in part_files(cohort, name):
        part = pq.ParquetFile(path).read(columns=["case", column])
        for case, version in zip(*(c.to_pylist() for c in part.columns), strict=True):
            found.setdefault(case, []).append(int(version))
    return found


def expected(versions):
    """Return what is seen where each case is there once, whole, in its version."""
    return {
        "cases": {case: [version] for case, version in versions.items()},
        "lesions": {case: [version] * version for case, version in versions.items() if version},
        "timings": {case: [version] for case, version in versions.items()},
    }


def is_committed(cohort):
    """Whether a writer was stopped with committed parts that have not taken their places."""
    return (cohort / PENDING).exists()


class Disk:
    """Counts changes of the disk; from one on they fail, for so many."""

    def __init__(self, failing, lasting):
        self.failing, self.lasting = failing, lasting
        self.changes = []

    @property
    def done(self):
        return len(self.changes)

    def before(self, name, change):
        def counted(*words, **options):
            self.changes.append(name)
            if self.failing <= self.done < self.failing + self.lasting:
                raise OSError(5, "the disk is gone")
            return change(*words, **options)

        return counted


@contextmanager
def failing_disk(operation, lasting=10**9):
    """Let every change of the disk from one on fail, as if the process had been killed there."""
    disk = Disk(operation, lasting)
    with pytest.MonkeyPatch.context() as patch:
        for name in OPERATIONS:
            patch.setattr(os, name, disk.before(name, getattr(os, name)))
        patch.setattr(pq, "ParquetWriter", disk.before("write", pq.ParquetWriter))
        yield disk
