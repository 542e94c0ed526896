"""Computed vessels in a case: only where there are none, marked, and deciding nothing."""

from dataclasses import replace

import numpy as np
import pytest

from examples.vessel_scan import vessel_scan
from remnant.core.findings import Verdict
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, Structure
from remnant.core.labels import CouinaudSegment as S
from remnant.core.map_description import Origin
from remnant.core.patient import Patient
from remnant.core.reasons import Cause, causes_of
from remnant.core.study import Study
from remnant.core.vessels import VesselName as V
from remnant.core.volumes import LabelMap, Phase
from remnant.core.volumetry_report import SegmentSource
from remnant.documents.report_document import REPORT
from remnant.pipeline.case_files import REPORT_JSON
from remnant.pipeline.folder import read_case, write_measured, write_segmented
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.origins import structure_origins, vessels_are_computed
from remnant.pipeline.requests import MeasureRequest
from remnant.pipeline.segmented import CaseMaps, Division, SegmentedCase
from remnant.pipeline.vessels import stems_of, with_computed_vessels
from remnant.wording.findings import text_of


@pytest.fixture(name="scan", scope="module")
def scan_fixture():
    return vessel_scan()


def case_of(scan, structures):
    lesions = LabelMap(
        (scan.plain.codes == Structure.LESION).astype(np.uint16),
        scan.plain.geometry,
        INSTANCE_SCHEME,
    )
    grid = scan.plain.geometry
    study = Study(
        pseudonym="case-1", source="nifti", modality=scan.image.modality, phase=Phase.PORTAL,
        shape=grid.shape, spacing_mm=grid.spacing_mm, orientation="RAS",
    )  # fmt: skip
    return SegmentedCase(study=study, maps=CaseMaps(structures=structures, lesions=lesions))


@pytest.fixture(name="computed", scope="module")
def computed_fixture(scan):
    return with_computed_vessels(case_of(scan, scan.plain), scan.image)


@pytest.fixture(name="case", scope="module")
def case_fixture(computed):
    return computed[0]


def test_portal_phase__both_trees_are_in_the_structures(case):
    assert {Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS} <= case.maps.structures.present()
    assert vessels_are_computed(case)
    assert structure_origins(case)[Structure.PORTAL_VEIN] is Origin.COMPUTED
    (finding,) = (f for f in case.quality if f.id == "vessels_computed")
    assert "nobody confirmed them" in text_of(finding)
    assert "maps of portal_vein and hepatic_veins replace them" in text_of(finding)


def test_given_vessels__are_kept_and_nothing_is_computed(scan):
    given = case_of(scan, scan.true)
    case, found = with_computed_vessels(given, scan.image)
    assert found is None
    assert case.maps is given.maps
    assert not vessels_are_computed(given)
    assert structure_origins(given)[Structure.PORTAL_VEIN] is Origin.GIVEN
    report = measure_case(case, MeasureRequest(patient=Patient()))
    assert V.RIGHT_HEPATIC_VEIN in {one.name for one in report.volumetry.vessels.named}
    assert all(finding.id != "vessel_ways" for finding in report.quality)


def test_other_phase__the_reason_is_told(scan):
    image = replace(scan.image, phase=Phase.ARTERIAL)
    case, found = with_computed_vessels(case_of(scan, scan.plain), image)
    assert found is None
    assert case.vessel_roots is None
    assert not vessels_are_computed(case)
    assert case.maps.structures is scan.plain
    (finding,) = case.quality
    assert finding.verdict is Verdict.UNKNOWN
    assert text_of(finding) == (
        "Vessels were not computed: they are looked for in the portal phase, and this scan is or "
        "looks arterial."
    )


def test_distances__are_near_the_true_ones_and_indicative(scan, case):
    (found,), (true,) = (
        measure_case(one, MeasureRequest(patient=Patient())).volumetry.lesions
        for one in (case, case_of(scan, scan.true))
    )
    for name in ("portal_vein_distance_mm", "hepatic_veins_distance_mm"):
        distance, exact = getattr(found, name), getattr(true, name)
        assert distance.value == pytest.approx(exact.value, abs=4.0)
        assert distance.indicative
        assert Cause.VESSELS_UNCONFIRMED in causes_of(distance.reasons)
        assert not exact.indicative


def test_ways__come_from_the_segments_as_they_are(scan, case):
    request = MeasureRequest(patient=Patient())
    undivided = measure_case(case, request)
    assert undivided.volumetry.vessels.ways == ()
    assert all(finding.id != "vessel_ways" for finding in undivided.quality)
    # the outermost part of the right is VI, the rest V: all that feeds VI runs through V
    grid, codes = scan.couinaud.geometry, scan.couinaud.codes
    right_mm = -grid.ras_from_index(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 0]
    outer = right_mm > np.quantile(right_mm[codes > 0], 0.85)
    halves = np.where(codes > 0, np.where(outer, S.VI, S.V), 0).astype(np.uint8)
    couinaud = LabelMap(halves, grid, COUINAUD_SCHEME)
    report = measure_case(replace(case, division=Division(couinaud=couinaud)), request)
    (finding,) = (f for f in report.quality if f.id == "vessel_ways")
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.quantity.value == len(report.volumetry.vessels.ways)
    assert "portal branches of VI through V (100 %)" in text_of(finding)
    assert "Removing these others would cut them" in text_of(finding)


def test_named_vessels__survive_the_folder_and_a_new_division(scan, case, tmp_path):
    divided = replace(case, division=Division(couinaud=scan.couinaud, source=SegmentSource.GIVEN))
    request = MeasureRequest(patient=Patient())
    known = measure_case(divided, request)
    assert known.volumetry.vessels.named
    write_segmented(divided, tmp_path)
    write_measured(known, tmp_path)
    read = read_case(tmp_path)
    assert read.vessel_roots == case.vessel_roots
    assert measure_case(read, request).volumetry.vessels == known.volumetry.vessels
    assert REPORT.read(tmp_path / REPORT_JSON).volumetry.vessels == known.volumetry.vessels
    one = LabelMap(np.minimum(scan.couinaud.codes, 1), scan.couinaud.geometry, COUINAUD_SCHEME)
    anew = replace(read, division=Division(couinaud=one, source=SegmentSource.GIVEN))
    vessels = measure_case(anew, request).volumetry.vessels
    assert vessels.ways == ()
    assert all(set(seen) <= {S.I} for seen in vessels.seen_ml_by_segment.values())


def test_stems__are_those_of_the_cases_vessels_as_they_are(scan, case):
    assert set(stems_of(case)) <= set(V)
    assert stems_of(case_of(scan, scan.plain)) is None
