"""Stacks of one series, parted by what tells them apart and by nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import UnsupportedSeriesError
from remnant.io.dicom_facts import _b_value
from remnant.io.dicom_series import catalogue, choose, read_series_voxels
from remnant.io.dicom_stack import residuals_mm

COUNT = 12


def write(folder, made, prefix, edit=None):
    """Write a phantom plane by plane; ``edit(plane, k)`` may change it, or leave it out: False."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(len(made.pixels)):
        plane = made.plane(k, SOPInstanceUID=f"1.2.3.{prefix}.{k + 1}")
        plane.file_meta.MediaStorageSOPInstanceUID = plane.SOPInstanceUID
        if edit is None or edit(plane, k) is not False:
            plane.save_as(folder / f"{prefix}{k:03d}.dcm", enforce_file_format=True)
    return folder


def lengths(folder):
    return [len(series.stack.slices) if series.stack else 0 for series in catalogue(folder).series]


def constant(**values):
    def edit(plane, k):
        for name, value in values.items():
            setattr(plane, name, value)

    return edit


@pytest.fixture(name="pair")
def pair_fixture(phantom, make_pixels, tmp_path):
    """Write two stacks of one series, the second moved by ``shift`` mm; return their folder."""

    def pair(first, second, *, shift=0.0, modality="CT"):
        for number, edit in enumerate((first, second)):
            made = phantom(
                pixels=make_pixels(seed=number),
                origin=(-20.0, -30.0, 40.0 + number * shift),
                modality=modality,
            )
            write(tmp_path, made, number, edit)
        return tmp_path

    return pair


def values_of(folder, number):
    listed = catalogue(folder)
    return read_series_voxels(choose(listed, wanted=str(number), name="folder"))


DIFFERENCES = [
    ({"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"}, ("kernel B30f", "kernel B70f")),
    ({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}, ("acquisition 1", "acquisition 2")),
    ({"ConvolutionKernel": "B30f"}, {}, ("kernel B30f", "no kernel")),
    ({"KVP": "80"}, {"KVP": "140"}, ("tube voltage 80 kV", "tube voltage 140 kV")),
    (
        {"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "IDOSE"]},
        {"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "FBP"]},
        ("image type IDOSE", "image type FBP"),
    ),
    (
        {"ContentTime": "120000"},
        {"ContentTime": "120035.5"},
        ("made 0 s after the first", "made 36 s after the first"),
    ),
    (
        {"AcquisitionTime": "115959"},
        {"AcquisitionTime": "120029"},
        ("acquired 0 s after the first", "acquired 30 s after the first"),
    ),
    (
        {"TemporalPositionIdentifier": 1},
        {"TemporalPositionIdentifier": 2},
        ("time position 1", "time position 2"),
    ),
    (
        {"ContrastBolusAgent": ""},
        {"ContrastBolusAgent": "Iomeprol"},
        ("no contrast agent", "contrast agent Iomeprol"),
    ),
]


@pytest.mark.parametrize("shift", [0.0, 1.5, 0.7, 18.0, 19.5])
@pytest.mark.parametrize(("first", "second", "told"), DIFFERENCES, ids=str)
def test_ct__two_stacks_at_one_place_or_among_each_other(pair, first, second, told, shift):
    folder = pair(constant(**first), constant(**second), shift=shift)
    listed = catalogue(folder)
    assert lengths(folder) == [COUNT, COUNT]
    assert sorted(series.apart for series in listed.series) == sorted(told)
    with pytest.raises(UnsupportedSeriesError, match="2 series that could be") as caught:
        choose(listed, wanted=None, name="folder")
    assert all(words in str(caught.value) for words in told)
    assert [series.spacing_mm[2] for series in listed.series] == pytest.approx([3.0, 3.0])


@pytest.mark.parametrize("shift", [0.0, 1.5, 19.5])
def test_ct__by_the_order_of_instances_alone(pair, make_pixels, shift):
    def numbered(start):
        return lambda plane, k: setattr(plane, "InstanceNumber", start + k)

    folder = pair(numbered(1), numbered(501), shift=shift)
    assert lengths(folder) == [COUNT, COUNT]
    assert [series.apart for series in catalogue(folder).series] == [
        "instances 1 to 12",
        "instances 501 to 512",
    ]
    expected = make_pixels(seed=1).astype(int).transpose(2, 1, 0) - 1024
    np.testing.assert_array_equal(values_of(folder, 2), expected)


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_ct__by_times_that_rise_from_slice_to_slice(pair, shift):
    def timed(minute):
        def edit(plane, k):
            plane.ContentTime = f"12{minute:02d}{k:02d}.5"
            plane.InstanceNumber = 1

        return edit

    folder = pair(timed(1), timed(2), shift=shift)
    assert lengths(folder) == [COUNT, COUNT]


def test_ct__two_passes_of_two_acquisitions_each(pair):
    def passes(first):
        return lambda plane, k: setattr(plane, "AcquisitionNumber", first + k // 6)

    assert lengths(pair(passes(1), passes(3))) == [COUNT, COUNT]


def test_ct__kernel_in_blocks_is_never_one_volume(phantom, tmp_path):
    made = phantom()
    write(
        tmp_path, made, 0, lambda p, k: setattr(p, "ConvolutionKernel", "B30f" if k < 5 else "B70f")
    )
    assert sorted(lengths(tmp_path)) == [5, 7]


VARYING = {
    "AcquisitionNumber": lambda k: k,
    "AcquisitionTime": lambda k: f"1200{k:02d}.25",
    "ContentTime": lambda k: f"1200{COUNT - k:02d}",
    "TriggerTime": lambda k: 100.0 + 7 * k,
    "InstanceNumber": lambda k: 7 * k % 12,
    "ImageType": lambda k: ["DERIVED" if 4 < k < 9 else "ORIGINAL", "PRIMARY"],
    "SliceThickness": lambda k: 3 if k else 2.5,
    "EchoTime": lambda k: 2.0 + k / 100,
    "TemporalPositionIndex": lambda k: k + 1,
}


@pytest.mark.parametrize("name", VARYING)
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_one_volume__keeps_together_what_may_vary(phantom, tmp_path, name, modality):
    value = VARYING[name]
    write(tmp_path, phantom(modality=modality), 0, lambda p, k: setattr(p, name, value(k)))
    assert lengths(tmp_path) == [COUNT]


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_one_volume__of_contiguous_acquisitions(phantom, tmp_path, modality):
    made = phantom(modality=modality)
    write(tmp_path, made, 0, lambda p, k: setattr(p, "AcquisitionNumber", 1 + k // 4))
    assert lengths(tmp_path) == [COUNT]


@pytest.mark.parametrize("name", ["AcquisitionNumber", "AcquisitionTime", "ContentTime"])
def test_mr__every_second_slice_taken_first_is_one_volume(phantom, tmp_path, name):
    def edit(plane, k):
        setattr(plane, name, (1, 2)[k % 2] if "Number" in name else f"12000{k % 2}")
        plane.SliceThickness = 3

    write(tmp_path, phantom(modality="MR"), 0, edit)
    assert lengths(tmp_path) == [COUNT]


def test_mr__thick_slices_among_each_other_are_two_volumes(pair):
    first = constant(AcquisitionNumber=1, SliceThickness=3)
    second = constant(AcquisitionNumber=2, SliceThickness=3)
    assert lengths(pair(first, second, shift=1.5, modality="MR")) == [COUNT, COUNT]


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("DiffusionBValue", (0.0, 50.0, 800.0), ["b 0", "b 50", "b 800"]),
        ("EchoTime", (1.2, 2.4, 3.6), ["echo time 1.2 ms", "echo time 2.4 ms", "echo time 3.6 ms"]),
        ("InversionTime", (100, 200, 300), [f"inversion time {n}00 ms" for n in (1, 2, 3)]),
        ("FlipAngle", (5, 10, 15), ["flip angle 5°", "flip angle 10°", "flip angle 15°"]),
        ("SequenceName", ("*a", "*b", "*c"), ["sequence *a", "sequence *b", "sequence *c"]),
        ("StackID", ("1", "2", "3"), ["stack 1", "stack 2", "stack 3"]),
    ],
)
def test_mr__mixed_stacks(phantom, make_pixels, tmp_path, name, values, told):
    for number, value in enumerate(values):
        made = phantom(pixels=make_pixels(seed=number), modality="MR")
        write(tmp_path, made, number, constant(**{name: value}))
    listed = catalogue(tmp_path)
    assert lengths(tmp_path) == [COUNT] * 3
    assert [series.apart for series in listed.series] == told


@pytest.mark.parametrize(
    ("creator", "group", "element", "vr", "values"),
    [
        ("SIEMENS MR HEADER", 0x0019, 0x0C, "IS", (50, 800)),
        ("GEMS_PARM_01", 0x0043, 0x39, "IS", ([50, 8, 0, 0], [1000000800, 8, 0, 0])),
        ("Philips Imaging DD 001", 0x2001, 0x03, "FL", (50.0, 800.0)),
    ],
)
def test_mr__private_b_values(pair, creator, group, element, vr, values):
    def private(value):
        return lambda p, k: p.private_block(group, creator, create=True).add_new(element, vr, value)

    folder = pair(private(values[0]), private(values[1]), modality="MR")
    listed = catalogue(folder)
    assert [series.apart for series in listed.series] == ["b 50", "b 800"]
    assert [series.sequence for series in listed.series] == ["DWI b 50", "DWI b 800"]


def test_mr__b_values_and_directions(phantom, make_pixels, tmp_path):
    for number, (b_value, direction) in enumerate([(0, 0), (800, 1), (800, 2)]):
        made = phantom(pixels=make_pixels(seed=number), modality="MR")
        edit = constant(DiffusionBValue=float(b_value), SequenceName=f"*ep_b{b_value}#{direction}")
        write(tmp_path, made, number, edit)
    assert lengths(tmp_path) == [COUNT] * 3


def test_runs__distance_that_changes_parts_and_is_not_taken_unasked(phantom, make_pixels, tmp_path):
    heights = [40 + 3 * k for k in range(14)] + [79 + 9 * k for k in range(1, 13)]
    made = phantom(pixels=make_pixels(len(heights)))
    write(
        tmp_path,
        made,
        0,
        lambda p, k: setattr(p, "ImagePositionPatient", [-20, -30, heights[k]]),
    )
    listed = catalogue(tmp_path)
    assert lengths(tmp_path) == [12, 14]
    assert [series.spacing_mm[2] for series in listed.series] == pytest.approx([9.0, 3.0])
    with pytest.raises(UnsupportedSeriesError, match=r"no series .*3.00 and 9.00 mm in one"):
        choose(listed, wanted=None, name="folder")
    assert values_of(tmp_path, 2).shape == (9, 8, 14)


@pytest.mark.parametrize("missing", [(5,), (5, 6), (3, 8)])
@pytest.mark.parametrize("numbers", [1, 2])
def test_gap__stays_a_refusal_that_names_it(phantom, tmp_path, missing, numbers):
    def without(plane, k):
        plane.AcquisitionNumber = 1 + k * numbers // COUNT
        return k not in missing

    write(tmp_path, phantom(), 0, without)
    with pytest.raises(UnsupportedSeriesError, match=r"slices? missing; export"):
        choose(catalogue(tmp_path), wanted=None, name="folder")


def test_drift__of_the_distance_is_named(phantom, make_pixels, tmp_path):
    heights = np.cumsum([0.0] + [1.2] * 30 + [1.32] * 30)
    made = phantom(pixels=make_pixels(61))
    write(
        tmp_path,
        made,
        0,
        lambda p, k: setattr(p, "ImagePositionPatient", [-20, -30, float(heights[k])]),
    )
    with pytest.raises(UnsupportedSeriesError, match=r"drifts: from 1.20 to 1.32 mm"):
        choose(catalogue(tmp_path), wanted=None, name="folder")


def test_copies__of_a_whole_series_are_one_volume(phantom, tmp_path):
    made = phantom()
    write(tmp_path / "a", made, 0, constant(ContentTime="120000"))
    write(tmp_path / "b", made, 1, constant(ContentTime="130000", InstanceNumber=700))
    (series,) = catalogue(tmp_path).series
    assert (len(series.stack.slices), len(series.stack.copies)) == (COUNT, COUNT)


def test_copies__an_empty_slice_of_two_phases_is_none(pair):
    def phase(number):
        def edit(plane, k):
            plane.AcquisitionNumber = number
            if k in (0, 1, 11):
                plane.PixelData = bytes(len(plane.PixelData))

        return edit

    assert lengths(pair(phase(1), phase(2))) == [COUNT, COUNT]


def test_places__rounded_twice_are_one(pair):
    folder = pair(constant(AcquisitionNumber=1), constant(AcquisitionNumber=2), shift=0.04)
    assert lengths(folder) == [COUNT, COUNT]


@given(st.floats(0.3, 10), st.integers(2, 200), st.floats(-500, 500))
def test_residuals__of_an_even_grid_are_none(step, count, start):
    heights = start + step * np.arange(count)
    assert np.abs(residuals_mm(heights)).max() < 1e-9


@given(st.data())
def test_rounding__up_to_a_tenth_stays_one_even_stack(data):
    """A straight line fitted to errors of at most e leaves at most 7/3 e, here 0.117 mm."""
    from remnant.io.dicom_stack import tolerance_mm

    count = data.draw(st.integers(10, 60))
    jitter = data.draw(
        st.lists(st.sampled_from([-0.05, 0.0, 0.05]), min_size=count, max_size=count)
    )
    heights = np.arange(count) * 2.0 + np.array(jitter)
    assert np.abs(residuals_mm(heights)).max() <= tolerance_mm(np.diff(heights))


def test_choose__a_stack_beside_one_with_a_fault_is_not_taken_unasked(pair):
    def with_gap(plane, k):
        plane.ConvolutionKernel = "B30f"
        return k != 5

    folder = pair(with_gap, constant(ConvolutionKernel="B70f"))
    with pytest.raises(UnsupportedSeriesError, match=r"2 series that could be.*1 slice missing"):
        choose(catalogue(folder), wanted=None, name="folder")
    assert values_of(folder, 2).shape == (9, 8, COUNT)


def test_choose__a_stray_image_of_another_kind_is_its_own_stack(phantom, make_pixels, tmp_path):
    made = phantom()
    write(tmp_path, made, 0, constant(ConvolutionKernel="B30f"))
    stray = phantom(pixels=make_pixels(seed=3)).plane(4, SOPInstanceUID="1.2.9.9")
    stray.ConvolutionKernel = "B70f"
    stray.save_as(tmp_path / "stray.dcm")
    series = choose(catalogue(tmp_path), wanted=None, name="folder")
    np.testing.assert_array_equal(
        read_series_voxels(series), made.pixels.astype(int).transpose(2, 1, 0) - 1024
    )


@pytest.mark.parametrize("value", [None, [], b"abc", b"\0\0HD", "many", -5.0, float("nan")])
def test_private_b_value__that_makes_no_sense_is_none(value):
    expected = 800.0 if value == b"\0\0HD" else None
    assert _b_value(value) == expected
