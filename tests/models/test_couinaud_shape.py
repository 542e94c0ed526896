"""The shape network's channels: derived figures of simple bodies."""

import numpy as np
import pytest
import torch

from models.networks.couinaud_shape import (
    CHANNELS,
    FRAME_MM,
    FRAME_SHAPE,
    SEGMENTS,
    CouinaudShapeNetwork,
    frame_points,
    sampled,
    shape_channels,
)

LARGEST_BYTES = 8_000_000


def ball(radius_mm, centre_mm=(0.0, 0.0, 0.0)):
    return radius_mm - (frame_points() - torch.tensor(centre_mm)).norm(dim=-1)


def channel(name, distance):
    return shape_channels(distance)[CHANNELS.index(name)]


def test_frame_points__lie_around_the_origin():
    points = frame_points()

    assert (*FRAME_SHAPE, 3) == points.shape
    assert pytest.approx([0, 0, 0], abs=1e-4) == points.mean((0, 1, 2)).tolist()
    assert pytest.approx(FRAME_MM) == float(points[1, 0, 0, 0] - points[0, 0, 0, 0])


def test_channels__positions_are_zero_outside_the_liver():
    channels = shape_channels(ball(60.0))

    assert (len(CHANNELS), *FRAME_SHAPE) == channels.shape
    assert float(channels[3:, 0, 0, 0].abs().max()) == 0.0
    assert float(channels[0, 0, 0, 0]) == -1.0


def test_channels__a_moved_liver_looks_the_same_around_its_centre():
    shift = 3 * FRAME_MM
    here, there = shape_channels(ball(50.0)), shape_channels(ball(50.0, (shift, 0.0, 0.0)))

    assert torch.allclose(here[:, :-3], there[:, 3:], atol=1e-4)


def test_channels__shares_count_the_volume_below():
    up = channel("share_s", ball(60.0))
    line = up[FRAME_SHAPE[0] // 2, FRAME_SHAPE[1] // 2]
    inside = line[line != 0.0]

    assert bool((inside.diff() > 0).all())
    # spherical segment of height h: share h² (3r - h) / 4r³
    heights = 60.0 + frame_points()[0, 0, :, 2][line != 0.0]
    share = heights**2 * (180.0 - heights) / (4 * 60.0**3)
    assert pytest.approx((2 * share - 1).numpy(), abs=0.02) == inside.numpy()


def test_channels__box_runs_from_end_to_end():
    across = channel("box_r", ball(40.0))

    assert pytest.approx(-1.0) == float(across.min())
    assert pytest.approx(1.0) == float(across.max())


def test_channels__one_voxel_is_no_division_by_zero():
    assert bool(torch.isfinite(shape_channels(ball(3.5, (2.0, 2.0, 2.0)))).all())


def test_sampled__gives_the_voxels_and_what_lies_between():
    volume = torch.arange(24.0).reshape(1, 2, 3, 4)

    at = sampled(volume, torch.tensor([[1.0, 2.0, 3.0], [0.5, 0.0, 0.0], [9.0, 9.0, 9.0]]))

    assert pytest.approx([23.0, 6.0, 23.0]) == at[0].tolist()
    nearest = sampled(volume, torch.tensor([[0.6, 0.2, 0.9]]), nearest=True)
    assert pytest.approx([13.0]) == nearest[0].tolist()


def test_network__keeps_the_frame_and_fits_the_promised_size():
    network = CouinaudShapeNetwork().eval()
    halves = 2 * sum(parameter.numel() for parameter in network.parameters())

    with torch.inference_mode():
        logits = network(torch.zeros(1, len(CHANNELS), *FRAME_SHAPE))

    assert (1, SEGMENTS, *FRAME_SHAPE) == logits.shape
    assert halves <= LARGEST_BYTES
    assert np.isfinite(logits.numpy()).all()
