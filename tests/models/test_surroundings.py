"""A field that is constant around a part gives the same, computed as a whole or in part."""

import pytest

torch = pytest.importorskip("torch")

from models.networks import kul  # noqa: E402
from models.networks.kul import LesionNetwork, LiverNetwork  # noqa: E402
from models.networks.surroundings import (  # noqa: E402
    needed_part,
    spread,
    surroundings,
    varied_box,
    whole_box,
)

SHRINKS, KEEPS = (False,) * 3, (True,) * 3
REACH = (4, 4, 2)


def field(size, box, outside):
    x = torch.full((1, 1, *size), outside)
    seed = torch.Generator().manual_seed(7)
    part = x[(..., *box)]
    part.copy_(torch.rand(part.shape, generator=seed) - 0.5)
    return x


def box(*sides):
    return tuple(slice(*side) for side in sides)


@pytest.mark.parametrize(
    ("network", "size", "varied", "outside"),
    [
        (LiverNetwork, (108, 81, 54), box((30, 61), (20, 50), (18, 30)), 0.0),
        (LiverNetwork, (108, 54, 54), box((30, 61), (0, 54), (2, 30)), 0.0),
        (LiverNetwork, (54, 81, 54), box((20, 30), (20, 50), (18, 30)), 0.3),
        (LesionNetwork, (108, 116, 62), box((44, 64), (44, 72), (22, 40)), 0.0),
        (LesionNetwork, (116, 108, 70), box((0, 72), (50, 108), (22, 33)), -0.5),
    ],
)
def test_network__in_part_is_as_a_whole(network, size, varied, outside, monkeypatch):
    torch.manual_seed(3)
    net = network().eval()
    x = field(size, varied, outside)
    with torch.inference_mode():
        got = net(x)
        monkeypatch.setattr(kul, "varied_box", lambda x, zero: whole_box(x.shape[2:]))
        expected = net(x)
    torch.testing.assert_close(got, expected, atol=5e-5, rtol=0)


def test_varied_box__is_what_differs_from_the_first_voxel():
    varied = box((3, 7), (2, 3), (0, 5))
    x = field((9, 4, 5), varied, 0.0)
    assert varied == varied_box(x, zero=True)
    assert whole_box((9, 4, 5)) == varied_box(x + 1, zero=True)
    assert varied == varied_box(x + 1, zero=False)
    assert whole_box((9, 4, 5)) == varied_box(torch.zeros(1, 1, 9, 4, 5), zero=True)


def test_needed_part__holds_all_that_varies_and_ends_at_whole_blocks():
    varied = box((44, 64), (0, 30), (20, 44))
    part = needed_part((100, 60, 44), varied, REACH, 2, SHRINKS)
    assert box((40, 68), (0, 34), (18, 44)) == part.box
    assert ((40, 0, 18), (28, 34, 26), SHRINKS) == (part.result, part.shape, part.padded)

    part = needed_part((108, 81, 54), box((30, 61), (2, 50), (18, 30)), REACH, 3, KEEPS)
    assert box((25, 65), (0, 81), (14, 34)) == part.box
    assert ((27, 0, 15), (False, True, False)) == (part.result, part.padded)


def test_surroundings__are_taken_from_outside_the_part():
    x = field((20, 20, 20), box((0, 8), (0, 20), (0, 20)), 9.0)
    part = needed_part((20, 20, 20), box((0, 8), (0, 20), (0, 20)), REACH, 2, SHRINKS)
    around = surroundings(x, part, (3, 2, 1))
    assert torch.equal(torch.full((1, 1, 3, 2, 1), 9.0), around.sample.values)
    part = needed_part((20, 20, 20), whole_box((20, 20, 20)), REACH, 2, SHRINKS)
    assert surroundings(x, part, (3, 2, 1)) is None


def test_spread__rim_and_middle():
    sample = torch.arange(27.0).reshape(1, 1, 3, 3, 3)
    target = torch.zeros(1, 1, 5, 4, 3)
    spread(sample, target)
    assert [0.0, 9.0, 9.0, 9.0, 18.0] == target[0, 0, :, 0, 0].tolist()
    assert [13.0, 13.0] == target[0, 0, 2, 1:3, 1].tolist()
    assert float(sample[0, 0, 2, 2, 2]) == float(target[0, 0, 4, 3, 2])
