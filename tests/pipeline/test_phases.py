"""The liver of one phase and the lesions of several: joined, named by phase, or refused."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.phase_choice import PhaseChoice
from remnant.core.progress import silent
from remnant.core.study import Study
from remnant.core.volumes import Phase
from remnant.documents.lesion_table import lesion_row
from remnant.io.source import LoadedStudy
from remnant.pipeline import phases
from remnant.pipeline.confluent import with_split_lesions
from remnant.pipeline.folder import read_case, write_segmented
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.phases import (
    JoinedLesions,
    PhaseLesions,
    case_of_phases,
    join_lesions,
    require_phases_alone,
)
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.review import with_confirmations
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantom_shapes import discretisation_bound_ml
from remnant.testing.phantoms import liver_phantom
from remnant.wording.findings import text_of
from segmentation.alignment.images import ImageAlignment, Motion

BOTH = PhaseChoice(liver_from="portal", lesions_from=("arterial", "portal"))


def turned():
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", (4.0, -2.0, 3.0), degrees=True).as_matrix()
    matrix[:3, 3] = (8.0, -5.0, 6.0)
    return matrix


@dataclass(frozen=True)
class ByPhase:
    """A segmenter that knows the answer of each phase."""

    answers: dict[Phase, FakeSegmenter]

    def segment(self, image, *, progress=silent):
        return self.answers[image.phase].segment(image, progress=progress)


def elsewhere(volume, matrix):
    """The same voxels in a world that was moved: a body that lay elsewhere, without a rounding."""
    grid = Geometry(volume.geometry.shape, matrix @ volume.geometry.affine_ras)
    return replace(volume, geometry=grid)


def loaded(phantom, phase, matrix):
    image = replace(elsewhere(phantom.image, matrix), phase=phase)
    study = Study(
        pseudonym="case-1", source="dicom", modality=image.modality, phase=phase,
        shape=image.geometry.shape, spacing_mm=image.geometry.spacing_mm, orientation="RAS",
    )  # fmt: skip
    answer = FakeSegmenter(
        elsewhere(phantom.structures, matrix), elsewhere(phantom.lesions, matrix)
    )
    return LoadedStudy(image=image, study=study, input_sha256=phase.value, quality=()), answer


@pytest.fixture(name="bodies", scope="module")
def bodies_fixture():
    """Three lesions well apart: the first seen in the portal phase, the last in the arterial."""
    return liver_phantom(metastases=3, noise_hu=8.0, seed=3).metastases


@pytest.fixture(name="study", scope="module")
def study_fixture(bodies):
    first, second, third = bodies

    def make(matrix, *, scale=1.0):
        portal = liver_phantom(metastases=(first, second), noise_hu=8.0)
        arterial = (
            liver_phantom(metastases=(second, third), noise_hu=8.0)
            if scale == 1.0
            else liver_phantom(metastases=1, scale=scale, noise_hu=8.0)
        )
        pairs = [loaded(portal, Phase.PORTAL, np.eye(4)), loaded(arterial, Phase.ARTERIAL, matrix)]
        answers = {study.image.phase: answer for study, answer in pairs}
        return {study.image.phase.value: study for study, _ in pairs}, ByPhase(answers)

    return make


def case_of(made, choice):
    studies, segmenter = made
    images = iter([studies[name] for name in choice.all_from])
    case, first = case_of_phases(images, choice, segmenter=segmenter, progress=silent)
    assert first is studies[choice.liver_from]
    return case


@pytest.fixture(name="joined", scope="module")
def joined_fixture(study):
    return case_of(study(turned()), BOTH)


def finding(case, name):
    return next(f for f in case.quality if f.id == name)


def test_case__lesions_of_both_phases_are_joined(joined, bodies):
    seen = sorted(joined.phases.values(), key=len)
    assert sorted(p.value for one in seen[:2] for p in one) == ["arterial", "portal"]
    assert set(seen[2]) == {Phase.ARTERIAL, Phase.PORTAL}
    assert len(seen) == 3
    assert finding(joined, "phase_lesions").value == 3.0
    assert "2 lesion(s) in portal, 2 lesion(s) in arterial" in text_of(
        finding(joined, "phase_lesions")
    )


def test_case__each_lesion_lies_where_it_was_and_keeps_its_volume(joined, bodies):
    grid = joined.maps.lesions.geometry
    at = np.rint(grid.index_from_ras([body.centre_mm for body in bodies])).astype(int)
    numbers = [int(joined.maps.lesions.codes[tuple(place)]) for place in at]
    assert sorted(numbers) == [1, 2, 3]
    expected = [{Phase.PORTAL}, {Phase.ARTERIAL, Phase.PORTAL}, {Phase.ARTERIAL}]
    assert [set(joined.phases[n]) for n in numbers] == expected
    for number, body in zip(numbers, bodies, strict=True):
        found_ml = np.count_nonzero(joined.maps.lesions.codes == number) * grid.voxel_volume_ml
        # digitised twice, and laid aside by what an alignment that is good may be off
        bound = 2 * discretisation_bound_ml(body, grid) + 0.25 * body.volume_ml
        assert found_ml == pytest.approx(body.volume_ml, abs=bound)


def test_case__alignment_is_a_figure_with_its_limit(joined):
    aligned = finding(joined, "phase_alignment")
    assert aligned.verdict is Verdict.MET
    assert aligned.value > 0.95
    text = text_of(aligned)
    assert "arterial: the livers overlap by" in text
    assert "at least 95 % and at most 1.25 mm are good enough" in text
    assert joined.inputs_sha256 == {"image": "portal", "image_arterial": "arterial"}


def test_case__without_good_alignment_nothing_is_merged(study):
    case = case_of(study(np.eye(4), scale=0.8), BOTH)
    aligned = finding(case, "phase_alignment")
    assert aligned.verdict is Verdict.NOT_MET
    assert "Lesions seen in arterial were not used" in text_of(aligned)
    assert set(case.phases.values()) == {(Phase.PORTAL,)}
    assert int(case.maps.lesions.codes.max()) == 2


def test_case__without_good_alignment_and_own_lesions_they_are_unknown(study, monkeypatch):
    poor = ImageAlignment(
        motion=Motion(np.eye(4)), overlap_before=0.5, overlap=0.89, distance_mm=1.0
    )
    monkeypatch.setattr(phases, "align_images", lambda *_, **__: poor)
    choice = PhaseChoice(liver_from="portal", lesions_from=("arterial",))
    case = case_of(study(turned()), choice)
    assert case.maps.lesions is None
    assert case.phases == {}
    report = measure_case(case, MeasureRequest(patient=Patient()))
    assert report.volumetry.tumour_ml.value is None
    assert "lesions_known" in {f.id for f in report.quality if f.verdict is Verdict.NOT_MET}


def test_case__lesions_of_another_phase_alone(study, bodies):
    choice = PhaseChoice(liver_from="portal", lesions_from=("arterial",))
    case = case_of(study(turned()), choice)
    assert set(case.phases.values()) == {(Phase.ARTERIAL,)}
    assert len(case.phases) == 2


def test_case__one_phase_for_both_is_that_phase(study):
    choice = PhaseChoice(liver_from="portal", lesions_from=("portal",))
    case = case_of(study(turned()), choice)
    assert set(case.phases.values()) == {(Phase.PORTAL,)}
    assert "phase_alignment" not in {f.id for f in case.quality}


def test_phases__go_with_the_lesions_to_the_report_and_back(joined, tmp_path):
    write_segmented(joined, tmp_path)
    again = read_case(tmp_path)
    assert dict(again.phases) == dict(joined.phases)
    report = measure_case(
        with_confirmations(again, {1: Confirmation.REJECTED}), MeasureRequest(patient=Patient())
    )
    by_id = {lesion.id: lesion.phases for lesion in report.volumetry.lesions}
    assert by_id == dict(joined.phases)
    row = lesion_row(next(one for one in report.volumetry.lesions if len(one.phases) == 2))
    assert sorted(row["seen_in"].split(";")) == ["arterial", "portal"]


def test_phases__of_split_lesions_are_those_of_the_whole(joined):
    case = with_split_lesions(joined, None)
    assert set(case.phases) == set(np.unique(case.maps.lesions.codes)) - {0}


def plane(*runs, size=24):
    codes = np.zeros((1, 1, size), np.uint16)
    for number, (start, stop) in enumerate(runs, start=1):
        codes[0, 0, start:stop] = number
    return codes


def lesions(phase, *runs):
    return PhaseLesions(name=phase.value, phase=phase, codes=plane(*runs))


def test_join__overlap_makes_one_and_touch_does_not():
    found = join_lesions(
        [lesions(Phase.PORTAL, (0, 5), (10, 14)), lesions(Phase.ARTERIAL, (3, 8), (14, 17))]
    )
    assert found.codes[0, 0].tolist() == [1] * 8 + [0, 0] + [2] * 4 + [3] * 3 + [0] * 7
    assert found.phases == {
        1: (Phase.PORTAL, Phase.ARTERIAL),
        2: (Phase.PORTAL,),
        3: (Phase.ARTERIAL,),
    }


def test_join__one_lesion_may_join_two_of_another_phase():
    found = join_lesions([lesions(Phase.PORTAL, (0, 4), (6, 9)), lesions(Phase.ARTERIAL, (2, 8))])
    assert found.codes[0, 0, :9].tolist() == [1] * 9
    assert list(found.phases) == [1]


@pytest.mark.parametrize(("length", "count"), [(10, 1), (11, 2)])
def test_join__a_tenth_of_the_smaller_one_is_the_least_overlap(length, count):
    """One voxel is shared: that is a tenth of ten voxels, and less of eleven."""
    found = join_lesions(
        [lesions(Phase.PORTAL, (0, length)), lesions(Phase.ARTERIAL, (length - 1, 2 * length - 1))]
    )
    assert len(found.phases) == count
    assert np.count_nonzero(found.codes) == 2 * length - 1


def test_join__no_lesion_at_all():
    found = join_lesions([lesions(Phase.PORTAL), lesions(Phase.ARTERIAL)])
    assert isinstance(found, JoinedLesions)
    assert (found.codes.any(), found.phases) == (False, {})


@pytest.mark.parametrize(("role", "refused"), [("liver", True), ("lesions", True),
                                               ("couinaud", False)])  # fmt: skip
def test_masks__of_liver_and_lesions_are_refused_beside_phases(role, refused, tmp_path):
    request = SegmentRequest(phases=BOTH, masks={role: tmp_path / "map.nii.gz"})
    require_phases_alone(replace(request, phases=None))
    if not refused:
        require_phases_alone(request)
        return
    with pytest.raises(InputError, match="leave the maps of liver, lesions and vessels out"):
        require_phases_alone(request)


def test_choice__names_every_image_once_the_livers_first():
    assert BOTH.all_from == ("portal", "arterial")
