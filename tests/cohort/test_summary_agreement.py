"""A case held against its references, and what the summary makes of many."""

import numpy as np
import pytest

from examples.summary_tables import case_rows, write_cohort
from remnant.cohort.agreement import agreement_rows
from remnant.cohort.case_task import work_case
from remnant.cohort.layout import COHORT_JSON, case_folder
from remnant.cohort.outcome_file import read_outcome
from remnant.cohort.outcomes import CaseStatus, CaseTask
from remnant.cohort.store import Store
from remnant.cohort.summary import write_summary
from remnant.cohort.summary_figures import read_figures
from remnant.cohort.table_files import write_table
from remnant.cohort.tables import AGREEMENT_TABLE
from remnant.core.errors import GeometryMismatchError, InputError, UnknownLabelError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import LabelMap
from remnant.io.codings import MasksPreset
from remnant.io.nifti import read_labels, write_labels
from remnant.pipeline.folder import published, write_segmented
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segment import case_from_masks
from remnant.view.cohort_agreement import limits_of, view_cohort_agreement

GRID = Geometry((24, 24, 12), np.diag((2.0, 2.0, 4.0, 1.0)))
VOXEL_ML = 0.016


def block(*parts):
    """Codes of boxes, each ``(code, low, high)`` along every axis."""
    codes = np.zeros(GRID.shape, np.uint8)
    for code, low, high in parts:
        codes[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = code
    return codes


LIVER = block((1, (4, 4, 2), (20, 20, 10)))
LESION = block((1, (6, 6, 4), (10, 10, 8)))


@pytest.fixture(name="stored")
def stored_fixture(tmp_path):
    """Write maps to files, and make a case of liver and lesions."""
    write_labels(LabelMap(LIVER, GRID, BINARY_SCHEME), tmp_path / "liver.nii.gz")
    write_labels(LabelMap(LESION, GRID, BINARY_SCHEME), tmp_path / "lesions.nii.gz")
    masks = {name: tmp_path / f"{name}.nii.gz" for name in ("liver", "lesions")}
    folder = tmp_path / "cases" / "one"
    folder.parent.mkdir()
    with published(folder) as staging:
        write_segmented(case_from_masks(SegmentRequest(masks=masks)), staging)
    return folder


def reference(folder, name, codes, grid=GRID):
    path = folder.parent / f"{name}.nii.gz"
    write_labels(LabelMap(codes, grid, INSTANCE_SCHEME), path)
    return path


def by_structure(rows):
    return {row["structure"]: row for row in rows}


def test_rows__are_those_of_the_masks(stored):
    larger = block((1, (4, 4, 2), (20, 20, 12)))
    shifted = block((1, (8, 6, 4), (12, 10, 8)))
    files = {
        "liver": reference(stored, "l", larger),
        "lesions": reference(stored, "t", shifted),
    }
    rows = by_structure(agreement_rows(stored, files))

    liver, lesions, burden = rows["liver"], rows["lesions"], rows["burden"]
    assert liver["case"] == "one"
    assert liver["measured_ml"] == pytest.approx(16 * 16 * 8 * VOXEL_ML)
    assert liver["reference_ml"] == pytest.approx(16 * 16 * 10 * VOXEL_ML)
    assert liver["difference_ml"] == pytest.approx(-16 * 16 * 2 * VOXEL_ML)
    assert liver["dice"] == pytest.approx(2 * 8 / 18)
    assert lesions["dice"] == pytest.approx(0.5)
    assert burden["measured_fraction"] == pytest.approx(64 / 2048)
    assert burden["reference_fraction"] == pytest.approx(64 / 2560)
    assert set(liver) == set(AGREEMENT_TABLE.names)


def test_rows__of_a_liver_alone_have_no_burden(stored):
    rows = by_structure(agreement_rows(stored, {"liver": reference(stored, "l", LIVER)}))

    assert set(rows) == {"liver"}
    assert rows["liver"]["dice"] == 1.0
    assert rows["liver"]["hd95_mm"] == 0.0


def test_rows__of_an_empty_reference_are_zeros_and_absences(stored):
    empty = reference(stored, "t", np.zeros(GRID.shape, np.uint8))
    row = by_structure(agreement_rows(stored, {"lesions": empty}))["lesions"]

    assert row["reference_ml"] == 0.0
    assert row["dice"] == 0.0
    assert row["hd95_mm"] is None


def test_rows__without_references_are_none(stored):
    assert agreement_rows(stored, {}) == ()


def test_reference__of_a_liver_is_not_taken_for_lesions(stored):
    lits = np.where(LESION > 0, 2, LIVER).astype(np.uint8)
    file = reference(stored, "t", lits)

    with pytest.raises(UnknownLabelError):
        agreement_rows(stored, {"lesions": file})
    rows = agreement_rows(stored, {"lesions": file, "liver": file}, preset=MasksPreset.LITS)
    assert {row["structure"]: row["dice"] for row in rows} == {
        "liver": 1.0, "lesions": 1.0, "burden": None,
    }  # fmt: skip


def test_reference__on_another_grid_or_of_another_organ_is_refused(stored):
    other = Geometry(GRID.shape, np.diag((3.0, 2.0, 4.0, 1.0)))
    for name, codes in (("liver", LIVER), ("lesions", LESION)):
        file = reference(stored, f"o{name}", codes, other)
        with pytest.raises(GeometryMismatchError):
            agreement_rows(stored, {name: file})
    with pytest.raises(InputError, match="spleen"):
        agreement_rows(stored, {"spleen": stored / "x"})


def agreement_cells(count):
    random = np.random.default_rng(5)
    for n in range(count):
        case = f"case-{n:05}"
        truth, wrong = float(random.normal(1500, 200)), float(random.normal(20, 40))
        burden, off = float(random.uniform(0, 0.3)), float(random.normal(0, 0.01))
        yield {
            "case": case, "structure": "liver", "reference_ml": truth,
            "measured_ml": truth + wrong, "dice": float(random.beta(30, 2)),
        }  # fmt: skip
        yield {"case": case, "structure": "lesions", "reference_ml": 0.0, "measured_ml": 0.0}
        yield {
            "case": case, "structure": "burden", "reference_fraction": burden,
            "measured_fraction": burden + off,
        }  # fmt: skip


def test_limits__are_bias_and_1_96_sd(tmp_path):
    rows = list(agreement_cells(40))
    write_cohort(tmp_path, case_rows(40))
    write_table(tmp_path, AGREEMENT_TABLE, rows)
    figures = read_figures(tmp_path)

    for structure, unit, factor in (("liver", "ml", 1.0), ("burden", "fraction", 100.0)):
        own = [row for row in rows if row["structure"] == structure]
        apart = [factor * (row[f"measured_{unit}"] - row[f"reference_{unit}"]) for row in own]
        found = limits_of(structure, [r for r in figures.agreement if r.structure == structure])
        assert found.bias.value == pytest.approx(np.mean(apart))
        assert found.upper_limit.value == pytest.approx(
            np.mean(apart) + 1.96 * np.std(apart, ddof=1)
        )
    view = view_cohort_agreement(figures)
    assert [one.title for one in view.limits] == ["Liver volume", "Tumour volume", "Tumour burden"]
    assert [one.name for one in view.overlaps] == ["liver"]
    median = np.median([row["dice"] for row in rows if row["structure"] == "liver"])
    assert view.overlaps[0].quartiles.startswith(f"{median:.3f} ")
    write_summary(tmp_path)
    text = (tmp_path / "summary" / "index.html").read_text("utf-8")
    assert "40 cases were compared with a reference" in text


def test_one_reference__has_no_limits_and_says_why(tmp_path):
    write_cohort(tmp_path, case_rows(3))
    write_table(tmp_path, AGREEMENT_TABLE, list(agreement_cells(1)))
    view = view_cohort_agreement(read_figures(tmp_path))

    assert [one.plot for one in view.limits] == [None] * 3
    assert all(one.absent for one in view.limits)
    write_summary(tmp_path)


def test_no_reference__no_part(tmp_path):
    assert view_cohort_agreement(read_figures(write_cohort(tmp_path, case_rows(3)))) is None


def task_of(cohort, row):
    (cohort / COHORT_JSON).write_text("{}", encoding="utf-8")
    return CaseTask(case=row.case, row=row.cells, folder=str(case_folder(cohort, row.case)))


def test_task__with_references_has_rows_and_keeps_them(tmp_path, rows_of_names, masks):
    (row,) = rows_of_names(
        "a", reference_liver=str(masks["liver"]), reference_lesions=str(masks["lesions"])
    )
    task = task_of(tmp_path, row)
    first, again = work_case(task), work_case(task)

    assert {r["structure"]: r["dice"] for r in first.rows["agreement"]} == {
        "liver": 1.0, "lesions": 1.0, "burden": None,
    }  # fmt: skip
    assert again.outcome.reused
    assert again.rows["agreement"] == first.rows["agreement"]
    assert read_outcome(case_folder(tmp_path, "a")).agreement == first.outcome.agreement


def test_task__whose_reference_changed_is_another_case(tmp_path, rows_of_names, masks):
    whole = read_labels(masks["liver"], BINARY_SCHEME)
    half = LabelMap(
        (whole.codes * (np.indices(whole.codes.shape)[0] % 2)).astype(np.uint8),
        whole.geometry,
        BINARY_SCHEME,
    )
    reference = tmp_path / "r.nii.gz"
    write_labels(whole, reference)
    (row,) = rows_of_names("a", reference_liver=str(reference))
    before = work_case(task_of(tmp_path, row))
    write_labels(half, reference)
    after = work_case(task_of(tmp_path, row))

    assert before.outcome.key != after.outcome.key
    assert before.rows["agreement"][0]["dice"] == 1.0
    assert 0.0 < after.rows["agreement"][0]["dice"] < 1.0


def test_task__whose_reference_cannot_be_used_is_done_and_says_it(tmp_path, rows_of_names):
    other = tmp_path / "secret_name.nii.gz"
    write_labels(LabelMap(LIVER, GRID, BINARY_SCHEME), other)
    (row,) = rows_of_names("a", reference_liver=str(other))
    ended = work_case(task_of(tmp_path, row))
    (cells,) = ended.rows["agreement"]

    assert ended.outcome.status is CaseStatus.DONE
    assert cells["structure"] == ""
    assert "grid" in cells["error"]
    assert "secret_name" not in cells["error"]
    with Store(tmp_path) as store:
        store.add(ended.outcome, ended.rows)
    write_summary(tmp_path)
    text = (tmp_path / "summary" / "index.html").read_text("utf-8")
    assert "References of 1 more could not be compared" in text
