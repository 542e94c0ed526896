"""Masks of every preset, and what is refused."""

import hashlib
from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from remnant.core.errors import (
    EmptyStructureError,
    GeometryMismatchError,
    InputError,
    UnknownLabelError,
)
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME
from remnant.io import role_maps
from remnant.io.atomic import digest_file
from remnant.io.codings import PRESETS, MasksPreset
from remnant.io.masks import Part, read_masks
from remnant.io.named_segments import NamedSegments
from remnant.io.reading import ReadingChoice
from remnant.io.role_maps import MapFormat
from remnant.io.segment_terms import SegmentLabel

SHAPE = (7, 8, 9)
LITS, TOTAL, MSD, BINARY, INSTANCES = (
    MasksPreset.LITS,
    MasksPreset.TOTALSEGMENTATOR,
    MasksPreset.MSD,
    MasksPreset.BINARY,
    MasksPreset.INSTANCES,
)


def blocks(**codes):
    """Return a map with each code in its own plane along the first axis: c5=2 fills planes 2."""
    array = np.zeros(SHAPE, np.uint8)
    for name, planes in codes.items():
        array[list(planes)] = int(name[1:])
    return array


@pytest.fixture(name="files")
def files_fixture(nifti):
    def write(**arrays):
        return {role: nifti(array, name=f"{role}.nii.gz") for role, array in arrays.items()}

    return write


def planes(labels):
    return None if labels is None else sorted({int(i) for i in np.argwhere(labels.codes)[:, 0]})


@pytest.mark.parametrize(
    ("preset", "arrays", "liver", "lesions"),
    [
        (LITS, {"liver": blocks(c1=[1, 2], c2=[3])}, [1, 2, 3], [3]),
        (LITS, {"liver": blocks(c1=[1, 2])}, [1, 2], []),
        (LITS, {"liver": blocks(c1=[1, 2]), "lesions": blocks(c1=[1], c2=[2])}, [1, 2], [2]),
        (MSD, {"liver": blocks(c1=[1, 2], c2=[3])}, [1, 2, 3], [3]),
        (MSD, {"liver": blocks(c1=[1, 2]), "vessels": blocks(c1=[1], c2=[2])}, [1, 2], [2]),
        (MSD, {"liver": blocks(c2=[1, 2]), "vessels": blocks(c1=[1], c2=[3])}, [1, 2], [1, 2, 3]),
        (TOTAL, {"liver": blocks(c1=[0], c5=[1, 2, 3], c117=[5])}, [1, 2, 3], None),
        (TOTAL, {"liver": blocks(c5=[1, 2]), "lesions": blocks(c1=[2])}, [1, 2], [2]),
        (TOTAL, {"liver": blocks(c5=[1, 2]), "vessels": blocks(c1=[1], c2=[2])}, [1, 2], [2]),
        (TOTAL, {"couinaud": blocks(c1=[1], c8=[2, 3])}, [1, 2, 3], None),
        (BINARY, {"liver": blocks(c1=[1, 2])}, [1, 2], None),
        (BINARY, {"liver": blocks(c255=[1, 2]), "lesions": blocks(c255=[2])}, [1, 2], [2]),
        (BINARY, {"liver": blocks(c1=[1, 2]), "lesions": blocks()}, [1, 2], []),
    ],
)
def test_read_masks__presets(files, preset, arrays, liver, lesions):
    masks = read_masks(files(**arrays), preset=preset)[0]
    assert liver == planes(masks.liver)
    # MSD's and LiTS's liver files say that there is no lesion; a file that cannot know gives None
    assert lesions == planes(masks.lesions)
    assert masks.liver.codes.max() == 1
    assert masks.geometry.same_grid(masks.liver.geometry)


def test_read_masks__lesions_with_several_codes_are_instances(files):
    given = files(liver=blocks(c1=[1, 2, 3, 4]), lesions=blocks(c1=[1], c7=[3]))
    masks = read_masks(given, preset=INSTANCES)[0]
    assert masks.lesions.scheme.name == "instances"
    assert {0, 1, 7} == set(np.unique(masks.lesions.codes))


def test_read_masks__lesions_of_one_code_are_binary(files):
    masks = read_masks(files(liver=blocks(c1=[1, 2]), lesions=blocks(c9=[2])), preset=BINARY)[0]
    assert masks.lesions.scheme.name == "binary"
    assert masks.lesions.codes.max() == 1


def test_read_masks__lesions_file_goes_before_the_liver_file(files):
    given = files(liver=blocks(c1=[1], c2=[2, 3]), lesions=blocks(c2=[3]))
    masks = read_masks(given, preset=LITS)[0]
    assert [3] == planes(masks.lesions)
    assert [1, 2, 3] == planes(masks.liver)
    assert "lesions_source" in {finding.id for finding in masks.quality}


def test_read_masks__couinaud_alone_implies_the_liver_and_says_so(files):
    masks, divided = read_masks(files(couinaud=blocks(c2=[1], c4=[5])), preset=BINARY)
    assert divided["couinaud"].labels.scheme is COUINAUD_SCHEME
    assert {0, 2, 4} == set(np.unique(divided["couinaud"].labels.codes))
    assert "liver_from_couinaud" in {finding.id for finding in masks.quality}


def test_read_masks__veins_and_digests(files):
    given = files(
        liver=blocks(c1=[1, 2, 3]), portal_vein=blocks(c1=[1]), hepatic_veins=blocks(c1=[2])
    )
    masks = read_masks(given, preset=BINARY)[0]
    assert ([1], [2], None) == (
        planes(masks.portal_vein),
        planes(masks.hepatic_veins),
        masks.vessels,
    )
    expected = {role: hashlib.sha256(path.read_bytes()).hexdigest() for role, path in given.items()}
    assert expected == masks.inputs_sha256


@pytest.mark.parametrize(
    ("preset", "arrays", "kind", "message"),
    [
        (BINARY, {"liver": blocks()}, EmptyStructureError, "liver mask is empty"),
        (BINARY, {"couinaud": blocks()}, EmptyStructureError, "empty"),
        (BINARY, {"liver": blocks(c1=[1]), "couinaud": blocks()}, EmptyStructureError, "Couinaud"),
        (BINARY, {"liver": blocks(c1=[1], c2=[2])}, UnknownLabelError, "masks-preset"),
        (BINARY, {"couinaud": blocks(c9=[1])}, UnknownLabelError, r"\[9\]"),
        (BINARY, {"liver": blocks(c1=[1], c2=[2])}, UnknownLabelError, "masks-preset lits"),
        (BINARY, {"liver": blocks(c1=[1], c5=[2])}, UnknownLabelError, "with --couinaud"),
        (BINARY, {"liver": blocks(c1=[1], c9=[2])}, UnknownLabelError, "another --masks-preset"),
        (
            LITS,
            {"liver": blocks(c1=[1, 2, 3, 4], c2=[5]), "lesions": blocks(c1=[1], c2=[5])},
            UnknownLabelError,
            "fills 20.0% of the liver",
        ),
        (LITS, {"liver": blocks(c3=[1])}, UnknownLabelError, r"\[3\]"),
        (LITS, {"liver": blocks(c1=[1]), "lesions": blocks(c1=[1])}, UnknownLabelError, "leave"),
        (TOTAL, {"liver": blocks(c1=[1])}, UnknownLabelError, "none of those"),
        (TOTAL, {"liver": blocks(c5=[1]), "lesions": blocks(c2=[1])}, UnknownLabelError, r"\[2\]"),
        (BINARY, {"lesions": blocks(c1=[1])}, InputError, "need a liver file"),
        (BINARY, {"spleen": blocks(c1=[1])}, InputError, "unknown mask role spleen"),
        (BINARY, {"liver": blocks(c1=[1]) * 0.7}, InputError, "probability"),
    ],
)  # fmt: skip
def test_read_masks__refused(files, preset, arrays, kind, message):
    with pytest.raises(kind, match=message) as caught:
        read_masks(files(**arrays), preset=preset)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [("shifted", "the lesions mask lies on another grid"), ("mirrored", "reaches beyond the grid")],
)
def test_read_masks__another_grid(nifti, change, message):
    affine_ras = np.diag((2.0, 2.5, 3.0, 1.0))
    if change == "shifted":
        affine_ras[2, 3] = 1.0
    else:
        affine_ras[0, 0] *= -1
    paths = {
        "liver": nifti(blocks(c1=[1, 2]), name="a.nii.gz"),
        "lesions": nifti(blocks(c1=[1, 2]), affine_ras, name="b.nii.gz"),
    }
    with pytest.raises(GeometryMismatchError, match=message):
        read_masks(paths, preset=BINARY)


ORDERS = list(product(permutations(range(3)), product((-1, 1), repeat=3)))


@pytest.mark.parametrize("sheared", [False, True])
def test_read_masks__maps_in_any_order_of_axes_are_brought_to_the_first(nifti, sheared):
    turn = Rotation.from_euler("xyz", (20.0, -15.0, 30.0), degrees=True).as_matrix()
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = turn @ np.diag((2.0, 2.5, 3.0))
    affine_ras[0, 2] += 0.4 * sheared
    affine_ras[:3, 3] = (-31.0, 12.5, 200.0)
    codes = np.random.default_rng(4).integers(0, 4, SHAPE).astype(np.uint8)
    liver = nifti(np.ones(SHAPE, np.uint8), affine_ras, name="liver.nii.gz", qform=0)
    image = nibabel.Nifti1Image(codes, affine_ras)

    for axes, signs in ORDERS:
        stored = image.as_reoriented(np.column_stack((axes, signs)))
        lesions = nifti(np.asarray(stored.dataobj), stored.affine, name="lesions.nii.gz", qform=0)
        masks = read_masks({"liver": liver, "lesions": lesions}, preset=INSTANCES)[0]
        assert np.array_equal(codes, masks.lesions.codes)
        assert masks.geometry.same_grid(masks.lesions.geometry)
    assert len(ORDERS) == 48


def test_presets__every_preset_knows_every_role():
    for codings in PRESETS.values():
        assert set(Part) == set(codings)
    assert set(MasksPreset) == set(PRESETS)


def test_sample__total_segmentator_liver(sample):
    paths = {"liver": sample / "example_seg_fast_force_split.nii.gz"}
    masks = read_masks(paths, preset=TOTAL)[0]
    volume_ml = masks.liver.codes.sum(dtype=int) * masks.geometry.voxel_volume_ml
    assert volume_ml == pytest.approx(1125.7, abs=0.05)
    assert masks.lesions is None


def test_formats__another_kind_of_file_is_a_reader_and_one_entry(tmp_path, monkeypatch):
    grid = Geometry((4, 5, 6), np.diag([1.0, 2.0, 3.0, 1.0]))
    plane = np.ones((4, 5), dtype=bool)

    def read(files, _choice, _reference):
        name = files[0].read_text(encoding="utf-8")
        return NamedSegments(
            geometry=grid,
            labels=(SegmentLabel(number=1, names=(name,)),),
            pieces=lambda wanted: ((number, k, plane) for number in wanted for k in (2, 3)),
        )

    form = MapFormat(files=lambda path, _: (path,) if path.suffix == ".one" else (), read=read)
    monkeypatch.setattr(role_maps, "FORMATS", (form, *role_maps.FORMATS))
    path = tmp_path / "map.one"
    path.write_text("liver_segment_4", encoding="utf-8")

    masks, divided = read_masks({"couinaud": path}, preset=MasksPreset.BINARY)

    assert [0, 0, 4, 4, 0, 0] == divided["couinaud"].labels.codes[0, 0].tolist()
    assert digest_file(path) == masks.inputs_sha256["couinaud"]


def test_read_masks__dicom_images_of_a_mask(phantom, tmp_path):
    """As 3D-IRCADb gives them: a folder of CT images for each structure, of 0 and 255."""
    pixels = np.zeros((12, 8, 9), np.uint16)
    pixels[2:10, 1:7, 1:8] = 255
    liver = phantom(pixels=pixels).write(tmp_path / "liver")
    pixels = np.zeros_like(pixels)
    pixels[3:5, 2:4, 2:4] = pixels[7:9, 4:6, 5:7] = 255
    lesions = phantom(pixels=pixels, series="1.2.3.9").write(tmp_path / "tumours")
    masks = read_masks({"liver": liver, "lesions": lesions}, preset=MasksPreset.AUTO)[0]
    assert int(masks.liver.codes.sum()) == 8 * 6 * 7
    assert int(masks.lesions.codes.sum()) == 16
    assert masks.lesions.scheme.name == "binary"


def test_read_masks__a_scan_is_no_mask(phantom, tmp_path):
    scan = phantom().write(tmp_path / "scan")
    with pytest.raises(InputError, match="as a scan does"):
        read_masks({"liver": scan}, preset=MasksPreset.AUTO)


def test_read_masks__a_folder_without_any(tmp_path):
    with pytest.raises(InputError, match="holds no liver map"):
        read_masks({"liver": tmp_path}, preset=MasksPreset.AUTO)


@pytest.mark.parametrize("role", ["liver", "lesions", "couinaud"])
def test_read_masks__a_threshold_is_said_for_its_file(nifti, role):
    block = np.zeros((20, 20, 20), np.float32)
    block[4:16, 4:16, 4:16] = 0.8
    block[8:12, 8:12, 8:12] = 0.3
    plain = nifti((block > 0).astype(np.uint8), name="plain.nii.gz")
    paths = {"liver": plain, role: nifti(block, name="grey.nii.gz")}
    choice = ReadingChoice(threshold=0.5)
    masks, divided = read_masks(paths, preset=MasksPreset.AUTO, choice=choice)
    quality = divided["couinaud"].quality if role == "couinaud" else masks.quality
    (said,) = (f for f in quality if f.id == f"{role}_thresholded")
    voxels = [np.sum(block >= 0.5 * part) for part in (0.5, 1.0, 1.5)]
    assert said.value == 0.5
    assert list(said.reasons[2].amounts) == pytest.approx([n * 15.0 / 1000 for n in voxels])
