"""The pages of a cohort's summary: what they say, where they lead, what they never load."""

import itertools
import re
import webbrowser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from examples.html_pages import ReadPage
from examples.summary_tables import case_row, case_rows, write_cohort
from remnant.cli.cohort_summary import cohort_summary
from remnant.cohort.followup_tables import LESION_TRACKS_TABLE, TIME_POINTS_TABLE
from remnant.cohort.layout import SUMMARY, case_folder
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.summary import write_summary
from remnant.cohort.summary_figures import read_figures
from remnant.cohort.table_files import write_table
from remnant.cohort.tables import CASES_TABLE, SEGMENTS_TABLE
from remnant.core.errors import InputError
from remnant.io.atomic import write_text
from remnant.io.nifti import write_labels
from remnant.pipeline.case_files import REPORT_HTML, STRUCTURES
from remnant.pipeline.folder import published, write_segmented
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segment import case_from_masks
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.view.cohort_sheet import ALL_SHOWN, PAGE_SIZE, SAMPLE
from remnant.wording import cohort as words

LOADING = {"script", "link", "iframe", "object", "embed", "base", "form"}


@pytest.fixture(scope="module", name="masks")
def masks_fixture(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("masks")
    phantom = liver_phantom(body_grid(spacing_mm=(6.0, 6.0, 6.0)), metastases=3, seed=2)
    maps = {"liver": phantom.liver_mask, "lesions": phantom.lesions, "couinaud": phantom.couinaud}
    for name, labels in maps.items():
        write_labels(labels, folder / f"{name}.nii.gz")
    return folder


@pytest.fixture(name="stored_case")
def stored_case_fixture(masks):
    """Write a case of masks into a folder."""

    def write(folder):
        files = {name: masks / f"{name}.nii.gz" for name in ("liver", "lesions", "couinaud")}
        case = case_from_masks(SegmentRequest(masks=files))
        folder.parent.mkdir(exist_ok=True)
        with published(folder) as staging:
            write_segmented(case, staging)
        return folder

    return write


def pages_of(cohort):
    """Return the summary's pages by their names."""
    files = sorted((cohort / SUMMARY).glob("*.html"))
    return {file.name: ReadPage(file.read_text("utf-8")) for file in files}


def index_of(cohort):
    return pages_of(cohort)["index.html"]


def test_words__stand_for_every_status():
    for table in (
        words.STATUS_WORDS, words.STATUS_MEANINGS, words.STATUS_SIGNS, words.STATUS_KINDS,
    ):  # fmt: skip
        assert set(table) == {status.value for status in CaseStatus}


def test_no_tables__are_an_error_that_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="no table cases"):
        write_summary(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_empty_cohort__is_a_page_that_says_so(tmp_path):
    write_cohort(tmp_path, [])

    assert write_summary(tmp_path) == tmp_path / SUMMARY / "index.html"
    page = index_of(tmp_path)
    assert "holds no case yet" in page.text
    assert [h["id"] for h in page.all("h2")] == ["overview"]


def test_one_case__has_its_own_figures(tmp_path):
    rows = [{**case_row(1, np.random.default_rng(0)), "tlv_ml": 1500.0, "burden_fraction": 0.125}]
    write_cohort(tmp_path, rows)
    write_summary(tmp_path)
    text = index_of(tmp_path).text

    assert "1 case " in text
    assert "Total liver volume mL 1 0 1500 1500–1500 1500–1500 0" in text
    assert "Tumour burden % 1 0 12.5 12.5–12.5 12.5–12.5 0" in text


def test_all_failed__lists_them_and_distributes_nothing(tmp_path):
    write_cohort(tmp_path, case_rows(9, statuses=("refused", "killed", "timed_out", "failed")))
    write_summary(tmp_path)
    page = index_of(tmp_path)

    assert "No case is done" in page.text
    assert page.text.count("the file ends early") == 9 * 2  # in the list, and on the contact sheet
    assert "✗ refused read UnreadableFileError 3" in page.text


def test_unusable_cases__are_in_no_distribution_and_name_their_gate(tmp_path):
    rows = case_rows(9)
    write_cohort(tmp_path, rows)
    write_summary(tmp_path)
    text = index_of(tmp_path).text
    done = [row["tlv_ml"] for row in rows if row["status"] == "done"]

    assert f"Total liver volume mL 6 0 {np.median(done):.0f} " in text
    assert "~ unusable – liver_volume 1" in text


@pytest.mark.parametrize("count", [9, ALL_SHOWN + 250])
def test_pages__load_nothing_and_every_link_leads_somewhere(count, tmp_path, stored_case):
    write_cohort(tmp_path, case_rows(count))
    stored_case(case_folder(tmp_path, "case-00006"))
    write_text(case_folder(tmp_path, "case-00006") / REPORT_HTML, "<p>report</p>")
    case_folder(tmp_path, "case-00007").mkdir()
    write_summary(tmp_path)

    found = set()
    for name, page in pages_of(tmp_path).items():
        assert not LOADING & {tag for tag, _ in page.elements}
        ids = {a["id"] for _, a in page.elements if "id" in a}
        for _, attributes in page.elements:
            for kind in {"href", "src"} & set(attributes):
                target = attributes[kind]
                assert re.match(r"(?:\.\./cases/|pictures/|cases_by_|index\.html|#)", target), name
                if target.startswith("#"):
                    assert target[1:] in ids
                else:
                    found.add(target)
                    assert (tmp_path / SUMMARY / unquote(target)).exists(), target
    assert "../cases/case-00006/report.html" in found
    assert "../cases/case-00007/" in found
    assert {"pictures/case-00006.png", "cases_by_burden_1.html", "cases_by_status_1.html"} <= found
    source = (tmp_path / SUMMARY / "index.html").read_text("utf-8")
    assert "@import" not in source
    assert "url(" not in source
    assert "http" not in source


def test_texts__are_escaped_and_names_lead_nowhere_else(tmp_path):
    bad = "<script>alert(1)</script>"
    random = np.random.default_rng(1)
    rows = [
        case_row(1, random, name=bad),
        case_row(2, random, name="../../etc"),
        {**case_row(3, random, status="failed", name="a"), "error": bad, "error_kind": bad},
    ]
    write_cohort(tmp_path, rows)
    (tmp_path / "cases").mkdir()
    (tmp_path.parent / "etc").mkdir(exist_ok=True)
    write_summary(tmp_path)

    for page in pages_of(tmp_path).values():
        assert page.all("script") == []
        assert not [a for a in page.all("a") if "etc" in a["href"]]
        assert bad in page.text


def test_large_cohort__shows_what_is_odd_and_a_sample(tmp_path):
    rows = case_rows(1000)
    rows[0] = {**rows[0], "tlv_ml": 9000.0}
    write_cohort(tmp_path, rows)
    write_summary(tmp_path)
    pages = pages_of(tmp_path)
    odd = sum(row["status"] != "done" for row in rows)

    for order in ("burden", "status"):
        names = [name for name in pages if name.startswith(f"cases_by_{order}_")]
        sheets = [pages[name] for name in names]
        shown = sorted(set(re.findall(r"case-\d{5}", " ".join(page.text for page in sheets))))
        assert "case-00000" in shown
        assert {row["case"] for row in rows if row["status"] != "done"} <= set(shown)
        assert odd + SAMPLE < len(shown) < odd + SAMPLE + 60
        assert len(names) == -(-len(shown) // PAGE_SIZE)
    assert "at random (always the same" in pages["index.html"].text


def test_summary__is_the_same_again_and_replaces_the_earlier_one(tmp_path):
    write_cohort(tmp_path, case_rows(ALL_SHOWN + 100))
    write_summary(tmp_path)
    first = {f.name: f.read_bytes() for f in (tmp_path / SUMMARY).glob("*.html")}
    write_summary(tmp_path)
    assert first == {f.name: f.read_bytes() for f in (tmp_path / SUMMARY).glob("*.html")}

    write_table(tmp_path, CASES_TABLE, case_rows(3))
    write_summary(tmp_path)
    left = {f.name for f in (tmp_path / SUMMARY).iterdir()}
    assert left == {"index.html", "pictures", "cases_by_burden_1.html", "cases_by_status_1.html"}


def test_sheet__is_in_the_order_that_it_says(tmp_path):
    rows = case_rows(30)
    write_cohort(tmp_path, rows)
    write_summary(tmp_path)
    pages = pages_of(tmp_path)
    burdens = {row["case"]: row.get("burden_fraction", -1.0) for row in rows}

    by_burden = re.findall(r"case-\d{5}", pages["cases_by_burden_1.html"].text)
    assert [burdens[case] for case in by_burden] == sorted(burdens.values(), reverse=True)
    by_status = re.findall(r"case-\d{5}", pages["cases_by_status_1.html"].text)
    order = [rows[int(case[-5:])]["status"] for case in by_status]
    assert order == sorted(order, key=("killed", "refused", "unusable", "done").index)


def test_damaged_maps__are_said_and_cost_one_picture(tmp_path, stored_case):
    write_cohort(tmp_path, case_rows(3))
    stored_case(case_folder(tmp_path, "case-00001"))
    broken = stored_case(case_folder(tmp_path, "case-00002"))
    (broken / STRUCTURES).write_bytes(b"no map")
    write_summary(tmp_path)
    page = index_of(tmp_path)

    assert [a["src"] for a in page.all("img")] == ["pictures/case-00001.png"]
    assert "cannot be drawn (UnreadableFileError)" in page.text


def test_images_and_headings__can_be_read_aloud(tmp_path, stored_case):
    write_cohort(tmp_path, case_rows(20))
    stored_case(case_folder(tmp_path, "case-00001"))
    write_summary(tmp_path)
    page = index_of(tmp_path)

    assert page.all("html")[0]["lang"] == "en-GB"
    assert all(a["alt"] for a in page.all("img"))
    assert all(a.get("aria-label") for a in page.all("svg") if a.get("role") == "img")
    assert all(a["role"] == "img" for a in page.all("svg"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_figures__of_verdicts_count_cases_and_judgements(tmp_path):
    rows = case_rows(9)
    figures = read_figures(write_cohort(tmp_path, rows))
    whole, rule = sorted(figures.verdicts, key=lambda one: not one.whole)

    assert (whole.list, whole.rule, whole.cases, whole.counts) == (
        "transplant", "milan", 6, {"unknown": 6},
    )  # fmt: skip
    assert (rule.rule, rule.cases, rule.counts) == ("milan.size", 6, {"met": 6, "not_met": 6})
    assert figures.versions == {"0.4.0": 7}
    assert figures.models == {"kul-liver 1": 7}


def test_figures__know_absent_from_zero(tmp_path):
    figures = read_figures(write_cohort(tmp_path, case_rows(9)))

    assert figures.number("burden_fraction")[0] == 0.0
    assert np.isnan(figures.number("burden_fraction")[7])
    assert np.isnan(figures.number("best_plan_flr_ml")[0])
    np.testing.assert_allclose(figures.number("segment_IV")[:7], 1 / 8)
    assert figures.word("segments_confirmed")[:2] == ("yes", "no")


def test_figures__leave_out_shares_of_cut_segments(tmp_path):
    write_cohort(tmp_path, case_rows(3))
    row = {"case": "case-00001", "segment": "IV", "total_ml": 100.0, "touches_edge": True}
    write_table(tmp_path, SEGMENTS_TABLE, [row])

    assert np.isnan(read_figures(tmp_path).number("segment_IV")).all()


def test_courses__come_from_the_tables_of_following(tmp_path):
    write_cohort(tmp_path, case_rows(6, statuses=("done",)))
    times = [
        {
            "subject": f"subject-{subject}", "case": f"case-{2 * subject + visit:05}",
            "order": visit + 1, "baseline": visit == 0, "day": 60.0 * visit,
            "burden_fraction": burden, "functional_tlv_ml": 1500.0,
            "response": "progressive" if visit else None, "provisional": bool(visit),
        }
        for subject, burdens in enumerate(((0.2, 0.3), (0.2, 0.05)))
        for visit, burden in enumerate(burdens)
    ]  # fmt: skip
    tracks = [
        {"subject": "subject-0", "track": n, "case": "case-00000", "order": 1, "event": "first"}
        for n in (1, 2)
    ]
    write_table(tmp_path, TIME_POINTS_TABLE, times)
    write_table(tmp_path, LESION_TRACKS_TABLE, tracks)
    write_summary(tmp_path)
    page = index_of(tmp_path)

    assert "2 subjects have several cases" in page.text
    assert "subject-0: +50 %" in page.text
    assert "subject-1: −75 %" in page.text
    assert "progressive disease: 2 (100 %)" in page.text
    assert "first: 2 (100 %)" in page.text
    assert "courses" in {h.get("id") for h in page.all("h2")}


def test_command__says_where_the_page_is_and_opens_it(tmp_path, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    write_cohort(tmp_path, case_rows(3))
    cohort_summary(tmp_path)
    assert str(tmp_path / SUMMARY / "index.html") in capsys.readouterr().out
    assert opened == []
    cohort_summary(tmp_path, open_page=True)
    assert opened == [(tmp_path / SUMMARY / "index.html").as_uri()]
