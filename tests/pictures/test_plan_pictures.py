"""Pictures of plans: what is shown where, and in the colour of what becomes of it."""

import base64
import io
from dataclasses import replace

import numpy as np
from matplotlib.image import imread

from examples.plans import example_plan, example_result
from remnant.core.debulking import Fate
from remnant.core.volumes import LabelMap
from remnant.pictures.palette import REJECTED_COLOUR, rgb
from remnant.pictures.plan_pictures import (
    PLAN_LOOKS,
    coloured_by_plan,
    draw_plan_planes,
    draw_plans,
    plan_centre,
)
from remnant.pictures.surface_pictures import liver_mesh
from volumetry.virtual_resection.resection import (
    ABLATED,
    LESION_STAYS,
    PLAN_SCHEME,
    REMOVED,
    STAYS,
    WEDGED,
)


def painted(phantom, *, removed=(6, 7), wedges=(3,), ablated=(4,)):
    """A plan's map without margins, made from the phantom's own maps."""
    codes = np.where(phantom.structures.codes > 0, STAYS, 0).astype(np.uint8)
    lesions, liver = phantom.lesions.codes, phantom.structures.codes > 0
    codes[(lesions > 0) & liver] = LESION_STAYS
    codes[np.isin(phantom.couinaud.codes, removed) & liver] = REMOVED
    codes[np.isin(lesions, wedges) & liver] = WEDGED
    codes[np.isin(lesions, ablated) & liver] = ABLATED
    return LabelMap(codes, phantom.geometry, PLAN_SCHEME)


def pixels(picture):
    content = base64.b64decode(picture.uri.partition(",")[2])
    return imread(io.BytesIO(content), format="png")[..., :3]


def test_codes__every_one_of_a_plan_map_has_a_look():
    assert [label.code for label in PLAN_SCHEME.labels] == list(PLAN_LOOKS)


def test_codes__look_different_without_colour():
    drawn = [look.hatch for code, look in PLAN_LOOKS.items() if code in (2, 3, 4)]
    assert 3 == len(set(drawn))
    assert "" not in drawn
    assert 5 == len({look.colour for look in PLAN_LOOKS.values()})


def test_planes__show_what_is_removed_where_it_is(made, scene):
    plain, planned = (
        [pixels(p) for p in draw_plan_planes(scene, painted(made.phantom, removed=removed))]
        for removed in ((), (5, 6, 7, 8))
    )
    assert 2 == len(plain) == len(planned)
    axial = planned[0]
    red = (axial[..., 0] > axial[..., 1] + 0.2) & (axial[..., 0] > axial[..., 2] + 0.1)
    columns = np.nonzero(red)[1]
    assert red.mean() > 0.1
    assert columns.mean() < axial.shape[1] / 2, "the patient's right lies on the left"


def test_planes__alt_text_names_what_is_seen(made, scene):
    axial, coronal = draw_plan_planes(scene, painted(made.phantom))
    assert axial.alt.startswith("Axial picture of the plan. It shows: would stay")
    assert "would be removed with segments" in axial.alt + coronal.alt


def test_centre__lies_where_most_is_treated(made, scene):
    phantom = made.phantom
    x, y, z = plan_centre(scene, painted(phantom, removed=(6,), wedges=(), ablated=()))
    index = np.argwhere(np.isin(phantom.couinaud.codes, (6,)) & (phantom.structures.codes > 0))
    low, high = (phantom.geometry.ras_from_index(f(index, axis=0)) for f in (np.min, np.max))
    low, high = np.minimum(low, high), np.maximum(low, high)
    assert np.all(low - 3.0 <= (x, y, z))
    assert np.all(np.array((x, y, z)) <= high + 3.0)


def test_centre__the_second_plane_shows_what_the_first_misses(made, scene):
    phantom = made.phantom
    nothing = painted(phantom, removed=(6, 7), wedges=(), ablated=())
    codes = np.where(nothing.codes == LESION_STAYS, STAYS, nothing.codes)
    low, high = np.argwhere(codes > 0).min(axis=0), np.argwhere(codes > 0).max(axis=0)
    i, j, k = ((3 * low + high) // 4)[0], ((low + high) // 2)[1], ((low + 5 * high) // 6)[2]
    codes[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 1] = ABLATED
    plan_map = LabelMap(codes, phantom.geometry, PLAN_SCHEME)
    centre = plan_centre(scene, plan_map)
    ablated = phantom.geometry.ras_from_index(np.argwhere(codes == ABLATED))
    assert np.abs(ablated[:, 1] - centre[1]).min() < 4.0
    _, coronal = draw_plan_planes(scene, plan_map)
    assert "would be ablated" in coronal.alt


def test_centre__of_a_plan_that_does_nothing_is_the_scene(made, scene):
    nothing = replace(painted(made.phantom, removed=(), wedges=(), ablated=()))
    codes = np.minimum(nothing.codes, STAYS)
    assert scene.centre_ras_mm == plan_centre(scene, LabelMap(codes, nothing.geometry, PLAN_SCHEME))


def test_plans__only_those_with_a_map_are_drawn(made, scene):
    plans = (example_plan(1), example_plan(2))
    drawn = draw_plans(scene, plans, {"plan_2": painted(made.phantom), "other": None})
    assert ["plan_2"] == list(drawn)
    assert ["Axial", "Coronal", "From the front"] == [p.title for p in drawn["plan_2"]]
    assert {} == draw_plans(scene, plans, {})


def test_surface__takes_the_colour_of_the_code_below(made, scene):
    mesh = coloured_by_plan(liver_mesh(scene.structures, None), painted(made.phantom))
    known = {tuple(np.round(colour, 6)) for colour in mesh.colours}
    removed, stays = (tuple(np.round(rgb(PLAN_LOOKS[code].colour), 6)) for code in (REMOVED, STAYS))
    assert {removed, stays} <= known
    is_removed = np.isclose(mesh.colours, removed).all(axis=1)
    centres = mesh.vertices[mesh.faces].mean(axis=1)
    assert centres[is_removed, 0].mean() > centres[~is_removed, 0].mean(), "R is positive in RAS"


def test_surface__lesions_are_coloured_by_fate_and_rejected_ones_grey(made, scene, monkeypatch):
    seen = {}

    def keep(lesions, liver, camera):
        seen.update({int(mesh.name): mesh.colours[0] for mesh in lesions})
        return draw(lesions, liver, camera)

    from remnant.pictures import plan_pictures

    draw = plan_pictures.draw_view
    monkeypatch.setattr(plan_pictures, "draw_view", keep)
    fates = {1: Fate.WEDGE, 2: Fate.ABLATED, 3: Fate.ABLATED}
    plan = example_plan(result=example_result(fates=fates))
    draw_plans(scene, (plan,), {"plan_1": painted(made.phantom)})
    expected = {
        1: PLAN_LOOKS[WEDGED].colour,
        2: REJECTED_COLOUR,
        3: PLAN_LOOKS[ABLATED].colour,
        4: PLAN_LOOKS[LESION_STAYS].colour,
    }
    assert set(expected) <= set(seen)
    assert {n: tuple(rgb(c)) for n, c in expected.items()} == {
        n: tuple(float(x) for x in seen[n]) for n in expected
    }
