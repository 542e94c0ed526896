"""Tiles for the lesion network cover a volume without overlap and have sizes that it accepts."""

import pytest

torch = pytest.importorskip("torch")

from models.networks.tiles import LARGEST_TILE, LESION_MARGIN, CentredTileInferer, tiles  # noqa: E402


@pytest.mark.parametrize("size", [(5, 6, 7), (200, 181, 70), (101, 93, 75), (300, 12, 10)])
def test_tiles__cover_without_overlap(size):
    seen = torch.zeros(size, dtype=torch.int32)
    for start, shape in tiles(size, LARGEST_TILE):
        assert all(n <= most for n, most in zip(shape, LARGEST_TILE, strict=True))
        assert [n % 8 for n in shape] == [4, 4, 2]
        i, j, k = (slice(a, a + n) for a, n in zip(start, shape, strict=True))
        seen[i, j, k] += 1
    assert torch.equal(seen, torch.ones_like(seen))


def test_inferer__tile_by_tile_is_the_centre_of_each_field():
    x, y, z = LESION_MARGIN
    image = torch.rand(1, 1, 30, 21, 13)
    output = CentredTileInferer((20, 12, 10))(image, lambda f: f[:, :, x:-x, y:-y, z:-z])
    assert torch.equal(output, image)


def test_inferer__tiles_that_hold_nothing_are_left_out():
    x, y, z = LESION_MARGIN
    image = torch.full((1, 1, 30, 21, 13), -0.5)
    image[:, :, 3, 4, 5] = 0.25
    seen, heard = [], []

    def network(field):
        seen.append(field)
        return field[:, :, x:-x, y:-y, z:-z] + 1

    infer = CentredTileInferer((20, 12, 10), nothing=-0.5, heard=heard.append)
    output = infer(image, network)

    assert (1, [1.0]) == (len(seen), heard)
    assert pytest.approx(1.25) == float(output[0, 0, 3, 4, 5])
    assert float(output[:, :, 20:].abs().max()) == 0.0
