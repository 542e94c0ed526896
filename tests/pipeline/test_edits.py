"""Steps on a draft: which voxels change, and that no others do."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import Structure
from remnant.core.lesions import Confirmation
from remnant.pipeline.drafts.asked import (
    Delete,
    Erase,
    Grow,
    Merge,
    Paint,
    Say,
    SplitByLine,
    SplitBySeeds,
    Target,
)
from remnant.pipeline.drafts.draft import Tools, begun, sheet_of
from remnant.pipeline.drafts.figures import quick_figures
from remnant.pipeline.folder import published, write_segmented
from remnant.pipeline.review import with_confirmations
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.edits.patch import MapName
from segmentation.edits.strokes import BrushShape, SlicePlane, Stroke, stroke_voxels

ORIENTATIONS = {
    "upright": np.eye(3),
    "mirrored": np.diag([-1.0, -1.0, 1.0]),
    "feet first": np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]]),
    "oblique and mirrored": np.array(
        [[0.96, -0.28, 0.0], [0.27, 0.926, -0.2588], [0.0725, 0.2485, 0.9659]]
    )
    @ np.diag([-1.0, -1.0, 1.0]),
}


def grid_of(name, spacing_mm=(2.0, 2.5, 4.0), shape=(24, 21, 17)):
    matrix = np.eye(4)
    matrix[:3, :3] = ORIENTATIONS[name] * np.array(spacing_mm)
    matrix[:3, 3] = (10.0, -20.0, 30.0) - matrix[:3, :3] @ (np.array(shape) / 2)
    return Geometry(shape, matrix)


def whole(box, mask, grid):
    found = np.zeros(grid.shape, bool)
    found[box] = mask
    return found


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_stroke__a_ball_marks_the_voxels_whose_centres_it_holds(name):
    grid, centre = grid_of(name), np.array((11.0, -18.5, 31.0))
    stroke = Stroke(points_mm=(tuple(centre),), radius_mm=9.0, shape=BrushShape.BALL)
    marked = whole(*stroke_voxels(stroke, grid), grid)
    every = grid.ras_from_index(np.argwhere(np.ones(grid.shape, bool))).reshape(*grid.shape, 3)
    assert np.array_equal(np.linalg.norm(every - centre, axis=-1) <= 9.0, marked)


@pytest.mark.parametrize("name", ORIENTATIONS)
@pytest.mark.parametrize("plane", SlicePlane)
def test_stroke__a_disc_lies_in_one_slice_where_its_point_is(name, plane):
    grid = grid_of(name, spacing_mm=(1.0, 1.2, 1.5), shape=(44, 41, 37))
    centre = (11.1, -18.6, 31.2)
    marked = whole(
        *stroke_voxels(Stroke(points_mm=(centre,), radius_mm=7.0, plane=plane), grid), grid
    )
    at = tuple(np.rint(grid.index_from_ras(centre)).astype(int))
    axis = plane.axis_of(grid)
    others = tuple(a for a in range(3) if a != axis)

    assert marked[at]
    assert [at[axis]] == np.flatnonzero(marked.any(axis=others)).tolist()
    world = {SlicePlane.SAGITTAL: 0, SlicePlane.CORONAL: 1, SlicePlane.AXIAL: 2}[plane]
    assert np.abs(grid.directions[world, axis]) > 0.9
    inner = np.argwhere(marked)
    assert np.linalg.norm(grid.ras_from_index(inner) - centre, axis=1).max() < 7.0 + 4.0
    area_mm2 = len(inner) * np.prod([grid.spacing_mm[a] for a in others])
    assert np.pi * 49 == pytest.approx(area_mm2, rel=0.2)


@given(
    name=st.sampled_from(sorted(ORIENTATIONS)),
    points=st.lists(
        st.tuples(st.floats(-12, 30), st.floats(-40, 0), st.floats(5, 55)), min_size=2, max_size=4
    ),
    radius=st.floats(0.1, 6.0),
    shape=st.sampled_from(BrushShape),
    plane=st.sampled_from(SlicePlane),
)
def test_stroke__is_continuous_and_near_its_line(name, points, radius, shape, plane):
    from scipy import ndimage

    grid = grid_of(name, shape=(40, 44, 30))
    stroke = Stroke(points_mm=tuple(points), radius_mm=radius, shape=shape, plane=plane)
    index = np.floor(grid.index_from_ras(points) + 0.5).astype(int)
    inside = ((index >= 0) & (index < grid.shape)).all()
    if not inside:
        return
    marked = whole(*stroke_voxels(stroke, grid), grid)

    assert marked[tuple(index.T)].all()
    assert 1 == ndimage.label(marked, np.ones((3, 3, 3)))[1]
    line = np.concatenate([np.linspace(a, b, 60) for a, b in pairwise(points)])
    centres = grid.ras_from_index(np.argwhere(marked))
    away = np.linalg.norm(centres[:, None] - line[None], axis=2).min(axis=1)
    diagonal = np.linalg.norm(grid.spacing_mm)
    assert away.max() <= radius + diagonal


def test_stroke__outside_the_scan_or_of_no_size_is_refused():
    with pytest.raises(InputError, match="outside the scan"):
        stroke_voxels(Stroke(points_mm=((900.0, 0.0, 0.0),), radius_mm=5.0), grid_of("upright"))
    with pytest.raises(InputError, match="radius"):
        Stroke(points_mm=((0.0, 0.0, 0.0),), radius_mm=0.0)
    with pytest.raises(InputError, match="finite"):
        Stroke(points_mm=((float("nan"), 0.0, 0.0),), radius_mm=1.0)


def tilted(grid, name):
    matrix = np.eye(4)
    turn = ORIENTATIONS[name]
    matrix[:3, :3] = turn @ np.diag(grid.spacing_mm)
    size = np.array(grid.shape)
    middle = grid.ras_from_index((size - 1) / 2)
    matrix[:3, 3] = middle - matrix[:3, :3] @ ((size - 1) / 2)
    return Geometry(grid.shape, np.float32(matrix).astype(np.float64))


@pytest.fixture(scope="module", name="phantoms")
def phantoms_fixture():
    grid = body_grid(spacing_mm=(5.0, 5.5, 6.0))
    return {
        name: liver_phantom(tilted(grid, name), metastases=3, seed=5)
        for name in ("upright", "oblique and mirrored")
    }


def case_of(phantom):
    from remnant.core.study import Study
    from remnant.core.volumes import Modality, Phase
    from remnant.core.volumetry_report import SegmentSource
    from remnant.pipeline.segmented import CaseMaps, Division, SegmentedCase

    study = Study(
        pseudonym="case-1f", source="nifti", modality=Modality.CT, phase=Phase.PORTAL,
        shape=phantom.geometry.shape, spacing_mm=phantom.geometry.spacing_mm,
        orientation="".join(phantom.geometry.axcodes),
    )  # fmt: skip
    return SegmentedCase(
        study=study,
        maps=CaseMaps(structures=phantom.structures, lesions=phantom.lesions),
        division=Division(couinaud=phantom.couinaud, source=SegmentSource.GIVEN),
    )


def draft_of(folder, phantom, by="A. Reader"):
    if not folder.exists():
        with published(folder) as staging:
            write_segmented(case_of(phantom), staging)
    return begun(folder, by)


@pytest.fixture(name="phantom", params=["upright", "oblique and mirrored"])
def phantom_fixture(request, phantoms):
    return phantoms[request.param]


@pytest.fixture(name="draft")
def draft_fixture(tmp_path, phantom):
    return draft_of(tmp_path / "case", phantom)


def copied(draft):
    return {name: codes.copy() for name, codes in draft.sheet.maps.items()}


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def middle(draft, number):
    """RAS of the lesion's voxel nearest to its centre."""
    places = np.argwhere(draft.sheet.maps[MapName.LESIONS] == number)
    nearest = places[np.linalg.norm(places - places.mean(axis=0), axis=1).argmin()]
    return tuple(draft.sheet.geometry.ras_from_index(nearest).tolist())


def free_place(draft, code=Structure.PARENCHYMA, *, depth=3):
    """RAS of a voxel deep in parenchyma."""
    from scipy import ndimage

    mask = draft.sheet.maps[MapName.STRUCTURES] == code
    away = ndimage.distance_transform_edt(mask)
    at = np.unravel_index(away.argmax(), mask.shape)
    return tuple(draft.sheet.geometry.ras_from_index(at).tolist())


def surface_place(draft):
    """RAS of a liver voxel at the surface, far from lesions, and the way out of the liver."""
    from scipy import ndimage

    liver = draft.sheet.maps[MapName.STRUCTURES] > 0
    lesion = draft.sheet.maps[MapName.LESIONS] > 0
    rim = liver & ~ndimage.binary_erosion(liver)
    far = ndimage.distance_transform_edt(~lesion)
    at = np.unravel_index(np.where(rim, far, -1).argmax(), liver.shape)
    return tuple(draft.sheet.geometry.ras_from_index(at).tolist())


def brush(*points, radius=12.0, shape=BrushShape.BALL, plane=SlicePlane.AXIAL):
    return Stroke(points_mm=points, radius_mm=radius, shape=shape, plane=plane)


def test_paint__a_new_lesion_lands_where_it_is_drawn(draft):
    before, place = copied(draft), free_place(draft)
    done = draft.do(Paint(stroke=brush(place)))
    now = draft.sheet.maps
    number = 4
    marked = whole(*stroke_voxels(brush(place), draft.sheet.geometry), draft.sheet.geometry)
    expected = marked & (before[MapName.LESIONS] == 0)

    assert np.array_equal(expected, now[MapName.LESIONS] == number)
    assert now[MapName.LESIONS][
        tuple(np.rint(draft.sheet.geometry.index_from_ras(place)).astype(int))
    ] == number  # fmt: skip
    assert (now[MapName.STRUCTURES][expected] == Structure.LESION).all()
    for name, codes in now.items():
        assert np.array_equal(codes[~marked], before[name][~marked])
    assert Confirmation.CONFIRMED is draft.words[number]
    assert (number,) == done.told.lesions
    assert expected.sum() == done.changed_voxels
    assert "lesion 4 painted" in done.told.what


def test_paint__outside_the_liver_it_extends_it_as_long_as_the_lesion_counts(draft):
    before, place = copied(draft), surface_place(draft)
    draft.do(Paint(stroke=brush(place)))
    now = draft.sheet.maps
    outside = (before[MapName.STRUCTURES] == 0) & (now[MapName.LESIONS] == 4)

    assert outside.any()
    assert (now[MapName.EXOPHYTIC][outside] == 1).all()
    assert np.array_equal(now[MapName.EXOPHYTIC] > 0, outside | (before[MapName.EXOPHYTIC] > 0))
    assert (now[MapName.COUINAUD][outside] > 0).all()
    assert (now[MapName.STRUCTURES][outside] == Structure.LESION).all()
    drawn = copied(draft)
    draft.do(Say(word=Confirmation.REJECTED, lesions=frozenset({4})))
    assert not draft.sheet.maps[MapName.STRUCTURES][outside].any()
    assert quick_figures(draft).liver_ml == pytest.approx(
        np.count_nonzero(before[MapName.STRUCTURES]) * draft.sheet.geometry.voxel_volume_ml
    )
    draft.do(Say(word=Confirmation.CONFIRMED, lesions=frozenset({4})))
    assert same(drawn, draft.sheet.maps)


def test_paint__what_does_not_touch_the_liver_is_refused_and_nothing_changes(draft):
    before = copied(draft)
    corner = tuple(draft.sheet.geometry.ras_from_index((1, 1, 1)).tolist())
    with pytest.raises(InputError, match="does not touch the liver"):
        draft.do(Paint(stroke=brush(corner, radius=4.0)))
    assert same(before, draft.sheet.maps)
    assert 0 == draft.head.standing


def test_paint__other_lesions_keep_their_voxels_but_rejected_ones_do_not(draft):
    before = copied(draft)
    one = before[MapName.LESIONS] == 1
    draft.do(Paint(stroke=brush(middle(draft, 1), radius=40.0)))
    assert np.array_equal(one, draft.sheet.maps[MapName.LESIONS] == 1)
    draft.undo()
    with pytest.raises(InputError, match="other lesions"):
        draft.do(Paint(stroke=brush(middle(draft, 1), radius=0.5)))
    draft.do(Say(word=Confirmation.REJECTED, lesions=frozenset({1})))
    assert (draft.sheet.maps[MapName.STRUCTURES][one] != Structure.LESION).all()
    draft.do(Paint(stroke=brush(middle(draft, 1), radius=40.0)))
    assert 1 not in draft.sheet.tallies
    assert 1 not in draft.words
    assert (draft.sheet.maps[MapName.LESIONS][one] == 4).all()


def test_paint__a_rejected_lesion_counts_again_when_somebody_draws_at_it(draft):
    draft.do(Say(word=Confirmation.REJECTED, lesions=frozenset({2})))
    draft.do(Paint(stroke=brush(middle(draft, 2), radius=6.0), lesion=2))
    lesion = draft.sheet.maps[MapName.LESIONS] == 2
    assert (draft.sheet.maps[MapName.STRUCTURES][lesion] == Structure.LESION).all()
    assert Confirmation.CONFIRMED is draft.words[2]


def test_erase__gives_a_lesion_back_to_the_liver(draft):
    before, place = copied(draft), middle(draft, 1)
    draft.do(Erase(stroke=brush(place, radius=8.0), lesion=1))
    gone = (before[MapName.LESIONS] == 1) & (draft.sheet.maps[MapName.LESIONS] == 0)

    assert gone.any()
    assert (draft.sheet.maps[MapName.STRUCTURES][gone] == Structure.PARENCHYMA).all()
    for name in before:
        assert np.array_equal(before[name][~gone], draft.sheet.maps[name][~gone])
    with pytest.raises(InputError, match="nothing of lesion"):
        draft.do(Erase(stroke=brush(place, radius=1.0), lesion=1))


def test_erase__what_it_cuts_off_from_the_liver_goes_too(tmp_path, phantoms):
    draft = draft_of(tmp_path / "case", phantoms["upright"])
    place, grid = np.array(surface_place(draft)), draft.sheet.geometry
    middle_mm = grid.ras_from_index(
        np.argwhere(draft.sheet.maps[MapName.STRUCTURES] > 0).mean(axis=0)
    )
    out = (place - middle_mm) / np.linalg.norm(place - middle_mm)
    before = copied(draft)
    line = (tuple(place), tuple(place + 60 * out))
    draft.do(Paint(stroke=brush(*line, radius=7.0)))
    draft.do(Erase(stroke=brush(tuple(place + 20 * out), radius=14.0), lesion=4))
    left = draft.sheet.maps[MapName.LESIONS] == 4
    far = grid.ras_from_index(np.argwhere(left)) @ out - place @ out

    assert not (far > 20).any()
    assert np.array_equal(
        (draft.sheet.maps[MapName.STRUCTURES] > 0), (before[MapName.STRUCTURES] > 0) | left
    )


def test_liver__painted_voxels_take_the_nearest_segment_and_only_they(draft):
    before, place = copied(draft), surface_place(draft)
    draft.do(Paint(stroke=brush(place, radius=15.0), target=Target.LIVER))
    now = draft.sheet.maps
    fresh = (before[MapName.STRUCTURES] == 0) & (now[MapName.STRUCTURES] > 0)

    assert fresh.any()
    assert (now[MapName.STRUCTURES][fresh] == Structure.PARENCHYMA).all()
    assert (now[MapName.COUINAUD][fresh] > 0).all()
    for name in before:
        assert np.array_equal(before[name][~fresh], now[name][~fresh])
    grid = draft.sheet.geometry
    coded = np.argwhere(before[MapName.COUINAUD] > 0)
    for at in np.argwhere(fresh)[::7]:
        away = np.linalg.norm(grid.ras_from_index(coded) - grid.ras_from_index(at), axis=1)
        nearest = coded[away <= away.min() + 1e-6]
        assert now[MapName.COUINAUD][tuple(at)] in before[MapName.COUINAUD][tuple(nearest.T)]
    with pytest.raises(InputError, match="already"):
        draft.do(Paint(stroke=brush(place, radius=1.0), target=Target.LIVER))


def test_liver__erasing_leaves_lesions_their_voxels_and_never_without_liver(draft):
    before = copied(draft)
    place = middle(draft, 1)
    draft.do(Erase(stroke=brush(place, radius=6.0), target=Target.LIVER))
    assert np.array_equal(before[MapName.LESIONS], draft.sheet.maps[MapName.LESIONS])
    assert np.array_equal(before[MapName.STRUCTURES], draft.sheet.maps[MapName.STRUCTURES])
    assert draft.sheet.maps[MapName.EXOPHYTIC].any()
    draft.undo()
    lesion = before[MapName.LESIONS] == 1
    reach = np.linalg.norm(
        draft.sheet.geometry.ras_from_index(np.argwhere(lesion)) - place, axis=1
    ).max()
    with pytest.raises(InputError, match="without liver"):
        draft.do(Erase(stroke=brush(place, radius=reach + 14.0), target=Target.LIVER))
    assert same(before, draft.sheet.maps)
    corner = tuple(draft.sheet.geometry.ras_from_index((1, 1, 1)).tolist())
    with pytest.raises(InputError, match="no liver lies under the brush"):
        draft.do(Erase(stroke=brush(corner, radius=4.0), target=Target.LIVER))


def test_liver__erased_voxels_lose_their_segment(draft):
    place = surface_place(draft)
    before = copied(draft)
    draft.do(Erase(stroke=brush(place, radius=9.0), target=Target.LIVER))
    gone = (before[MapName.STRUCTURES] > 0) & (draft.sheet.maps[MapName.STRUCTURES] == 0)
    assert gone.any()
    assert not draft.sheet.maps[MapName.COUINAUD][gone].any()


def test_delete_and_numbers__a_number_is_not_given_twice(draft):
    draft.do(Delete(lesion=3))
    assert 3 not in draft.sheet.tallies
    assert 4 == draft.fresh
    draft.do(Paint(stroke=brush(free_place(draft))))
    assert {1, 2, 4} == set(draft.sheet.tallies)
    draft.do(Delete(lesion=4))
    assert 5 == draft.fresh
    with pytest.raises(InputError, match="there is no lesion 4"):
        draft.do(Delete(lesion=4))


def test_merge__keeps_the_smallest_number(draft):
    before = copied(draft)
    draft.do(Merge(lesions=frozenset({3, 1})))
    both = np.isin(before[MapName.LESIONS], (1, 3))
    assert np.array_equal(both, draft.sheet.maps[MapName.LESIONS] == 1)
    assert 3 not in draft.sheet.tallies
    assert np.array_equal(before[MapName.STRUCTURES], draft.sheet.maps[MapName.STRUCTURES])
    draft.do(Say(word=Confirmation.REJECTED, lesions=frozenset({2})))
    with pytest.raises(InputError, match="lesion 2 was rejected"):
        draft.do(Merge(lesions=frozenset({1, 2})))
    with pytest.raises(InputError, match="at least two"):
        draft.do(Merge(lesions=frozenset({1})))


@pytest.mark.parametrize("plane", SlicePlane)
def test_split__by_a_line_parts_along_it(draft, plane):
    before = copied(draft)
    centre = np.array(middle(draft, 1))
    along = {
        SlicePlane.AXIAL: (0, 1, 0),
        SlicePlane.CORONAL: (0, 0, 1),
        SlicePlane.SAGITTAL: (0, 0, 1),
    }
    run = np.array(along[plane], float)
    line = (tuple(centre - 30 * run), tuple(centre + 30 * run))
    draft.do(SplitByLine(lesion=1, line_mm=line, plane=plane))
    codes, grid = draft.sheet.maps[MapName.LESIONS], draft.sheet.geometry
    across = 1 if plane is SlicePlane.SAGITTAL else 0
    one, four = (grid.ras_from_index(np.argwhere(codes == n))[:, across] for n in (1, 4))

    assert np.array_equal(before[MapName.LESIONS] == 1, np.isin(codes, (1, 4)))
    assert len(one) >= len(four) > 0
    tilt_mm = 12.0  # slices of the oblique grid lean by 15 degrees
    assert one.min() > four.max() - tilt_mm or four.min() > one.max() - tilt_mm
    assert np.array_equal(before[MapName.STRUCTURES], draft.sheet.maps[MapName.STRUCTURES])
    beside = (tuple(centre + 200), tuple(centre + 200 + 30 * run))
    with pytest.raises(InputError, match="one side of the line"):
        draft.do(SplitByLine(lesion=1, line_mm=beside, plane=plane))


def test_split__by_seeds_parts_two_lesions_that_were_merged(draft):
    before = copied(draft)
    seeds = (middle(draft, 1), middle(draft, 2))
    draft.do(Paint(stroke=brush(*seeds, radius=4.0), lesion=1))
    draft.do(Merge(lesions=frozenset({1, 2})))
    draft.do(SplitBySeeds(lesion=1, seeds_mm=seeds))
    codes = draft.sheet.maps[MapName.LESIONS]
    assert (codes[before[MapName.LESIONS] == 1] == 1).mean() > 0.9
    assert (codes[before[MapName.LESIONS] == 2] == 4).mean() > 0.9
    with pytest.raises(InputError, match="point in each part"):
        draft.do(SplitBySeeds(lesion=1, seeds_mm=(seeds[0], seeds[1])))


def test_grow__finds_a_lesion_that_was_missed(tmp_path, phantoms):
    phantom = phantoms["upright"]
    draft = draft_of(tmp_path / "case", phantom)
    tools = Tools(scan=lambda: phantom.image)
    seed, truth = middle(draft, 1), phantom.lesions.codes == 1
    draft.do(Delete(lesion=1))
    draft.do(Grow(seed_mm=seed), tools)
    found = draft.sheet.maps[MapName.LESIONS] == 4
    dice = 2 * (found & truth).sum() / (found.sum() + truth.sum())
    assert dice > 0.85
    with pytest.raises(InputError, match=r"too like|leaks|no border"):
        draft.do(Grow(seed_mm=free_place(draft)), tools)
    with pytest.raises(InputError, match="outside the liver"):
        draft.do(Grow(seed_mm=tuple(phantom.geometry.ras_from_index((0, 0, 0)).tolist())), tools)
    with pytest.raises(InputError, match="--image"):
        draft.do(Grow(seed_mm=seed))


def test_grow__a_region_that_leaks_is_refused(tmp_path, phantoms):
    from segmentation.edits.growing import grown

    phantom = phantoms["upright"]
    draft = draft_of(tmp_path / "case", phantom)
    with pytest.raises(InputError, match="the region leaks"):
        grown(phantom.image, phantom.structures.codes, middle(draft, 1), most_ml=0.5)
    with pytest.raises(InputError, match="the region leaks"):
        grown(phantom.image, phantom.structures.codes, middle(draft, 1), reach_mm=9.0)


def asked_steps(draft):
    inside, rim = free_place(draft), surface_place(draft)
    return [
        Paint(stroke=brush(inside)),
        Paint(stroke=brush(rim), target=Target.LIVER),
        Erase(stroke=brush(middle(draft, 2), radius=6.0)),
        Paint(stroke=brush(rim, radius=20.0), lesion=2),
        Say(word=Confirmation.REJECTED, lesions=frozenset({2})),
        Merge(lesions=frozenset({1, 3})),
        Say(word=None, lesions=frozenset({2})),
        Delete(lesion=2),
        Erase(stroke=brush(rim, radius=9.0), target=Target.LIVER),
    ]


def test_undo__goes_back_exactly_and_redo_forth(draft):
    states = [(copied(draft), dict(draft.words))]
    for asked in asked_steps(draft):
        draft.do(asked)
        states.append((copied(draft), dict(draft.words)))
    for maps, words in reversed(states[:-1]):
        draft.undo()
        assert same(maps, draft.sheet.maps)
        assert words == draft.words
    with pytest.raises(InputError, match="nothing is left to undo"):
        draft.undo()
    for maps, words in states[1:]:
        draft.redo()
        assert same(maps, draft.sheet.maps)
        assert words == draft.words
    with pytest.raises(InputError, match="nothing was undone"):
        draft.redo()


def test_sheet__counts_stay_those_of_the_maps(draft):
    for asked in asked_steps(draft):
        draft.do(asked)
        fresh = sheet_of(draft.case_now())
        known = {n: (t.voxels, t.index_sum.tolist()) for n, t in draft.sheet.tallies.items()}
        assert {n: (t.voxels, t.index_sum.tolist()) for n, t in fresh.tallies.items()} == known
        assert fresh.liver_voxels == draft.sheet.liver_voxels
        assert fresh.segment_voxels.tolist() == draft.sheet.segment_voxels.tolist()
        settled = with_confirmations(draft.case_now(), draft.words)
        assert np.array_equal(settled.maps.structures.codes, draft.sheet.maps[MapName.STRUCTURES])


@settings(max_examples=10)
@given(data=st.data())
def test_steps__change_no_voxel_beside_their_stroke(tmp_path_factory, phantoms, data):
    """Whatever is drawn, in whatever orientation: other voxels keep their very codes."""
    phantom = phantoms[data.draw(st.sampled_from(sorted(phantoms)))]
    draft = draft_of(tmp_path_factory.mktemp("drawn") / "case", phantom)
    before, grid = copied(draft), draft.sheet.geometry
    liver = np.argwhere(before[MapName.STRUCTURES] > 0)
    starts = liver[data.draw(st.integers(0, len(liver) - 1))]
    ends = liver[data.draw(st.integers(0, len(liver) - 1))]
    stroke = brush(
        *(tuple(grid.ras_from_index(at).tolist()) for at in (starts, (starts + ends) // 2)),
        radius=data.draw(st.floats(2.0, 25.0)),
        shape=data.draw(st.sampled_from(BrushShape)),
        plane=data.draw(st.sampled_from(SlicePlane)),
    )
    make = data.draw(st.sampled_from((Paint, Erase)))
    target = data.draw(st.sampled_from(Target))
    try:
        draft.do(make(stroke=stroke, target=target))
    except InputError:
        assert same(before, draft.sheet.maps)
        return
    marked = whole(*stroke_voxels(stroke, grid), grid)
    for name, codes in draft.sheet.maps.items():
        assert np.array_equal(codes[~marked], before[name][~marked])
    draft.undo()
    assert same(before, draft.sheet.maps)
