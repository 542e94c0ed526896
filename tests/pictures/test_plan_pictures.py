"""Pictures of plans: what is shown where, and in the colour of what becomes of it."""

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from examples.plans import example_plan, example_result
from remnant.core.debulking import Fate
from remnant.core.volumes import LabelMap
from remnant.pictures.palette import REJECTED_COLOUR, rgb
from remnant.pictures.plan_pictures import (
    PLAN_LOOKS,
    draw_plan_planes,
    draw_plans,
    fate_colour,
    plan_centre,
)
from remnant.pictures.surface_pictures import solid_of
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
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=float) / 255.0


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
    solid = solid_of(scene)
    plans = (example_plan(1), example_plan(2))
    drawn = draw_plans(scene, solid, plans, {"plan_2": painted(made.phantom), "other": None})
    assert ["plan_2"] == list(drawn)
    assert ["Axial", "Coronal", "From the front"] == [p.title for p in drawn["plan_2"]]
    assert {} == draw_plans(scene, solid, plans, {})


def test_surface__takes_the_colour_of_the_code_below(made, scene):
    sight = solid_of(scene).sights[0]
    colours = {code: look.colour for code, look in PLAN_LOOKS.items()}
    found = sight.liver.colours_below(painted(made.phantom), colours)
    removed, stays = (np.float32(rgb(PLAN_LOOKS[code].colour)) for code in (REMOVED, STAYS))
    is_removed, is_left = ((found == colour).all(axis=1) for colour in (removed, stays))
    assert is_left.sum() > is_removed.sum() > 1000
    column = sight.liver.pixels % sight.frame.pixels[1]
    assert column[is_removed].mean() < column[is_left].mean(), "the right lies on the left"


def test_surface__lesions_are_coloured_by_fate_and_rejected_ones_grey(scene):
    fates = {1: Fate.WEDGE, 2: Fate.ABLATED, 3: Fate.ABLATED}
    plan = example_plan(result=example_result(fates=fates))
    expected = {
        1: PLAN_LOOKS[WEDGED].colour,
        2: REJECTED_COLOUR,
        3: PLAN_LOOKS[ABLATED].colour,
        4: PLAN_LOOKS[LESION_STAYS].colour,
    }
    assert expected == {lesion: fate_colour(scene, plan, lesion) for lesion in expected}


def test_surface__of_a_plan_shows_the_colours_of_its_map(made, scene):
    solid = solid_of(scene)
    plan = example_plan(result=example_result(fates={}))
    maps = [painted(made.phantom, removed=codes, wedges=()) for codes in ((), (5, 6, 7, 8))]
    left, removed = (
        pixels(draw_plans(scene, solid, (plan,), {plan.id: plan_map})[plan.id][2])
        for plan_map in maps
    )
    redder = removed[..., 0] - removed[..., 1] > left[..., 0] - left[..., 1] + 0.1
    assert redder.mean() > 0.1
    assert np.nonzero(redder)[1].mean() < redder.shape[1] / 2, "the right lies on the left"
