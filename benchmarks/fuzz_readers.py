"""Damaged and hostile files for every reader: nothing but the program's own errors may come out.

Files that are right are damaged at random: bits, bytes, runs of bytes, numbers at the edges of
their range, pieces left out, doubled, exchanged or taken from another file. Each reader runs in a
process of its own, so that a crash of a library is found too, with limits on memory and on the time
of one input. What fails is kept with its seed.

Usage::

    python benchmarks/fuzz_readers.py [--seconds 600] [--keep FOLDER] [READER ...]
"""

# ruff: noqa: E402, S311
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
import random
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from given_inputs import HU, LESIONS, _itk, nifti, series

from remnant.core.errors import RemnantError

MEMORY_BYTES: Final = 6 * 1024**3
SECONDS_OF_ONE: Final = 30
EDGES: Final = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\x01\0\0\0")
MOST_EDITS: Final = 6
ASKED_BY_HIGHDICOM: Final = (
    "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
    "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip


class TooSlowError(Exception):
    """One input took longer than is allowed."""


Damage = Callable[[bytearray, int, int, random.Random], None]


def _flip(data: bytearray, place: int, _: int, chance: random.Random) -> None:
    data[place] ^= 1 << chance.randrange(8)


def _scramble(data: bytearray, place: int, run: int, chance: random.Random) -> None:
    data[place : place + run] = chance.randbytes(run)


def _edge(data: bytearray, place: int, _: int, chance: random.Random) -> None:
    data[place : place + 4] = chance.choice(EDGES)


def _leave_out(data: bytearray, place: int, run: int, _: random.Random) -> None:
    del data[place : place + run]


def _double(data: bytearray, place: int, run: int, _: random.Random) -> None:
    data[place:place] = data[place : place + run]


def _cut(data: bytearray, place: int, *_: object) -> None:
    del data[place:]


def _exchange(data: bytearray, place: int, run: int, chance: random.Random) -> None:
    further = chance.randrange(len(data))
    piece = data[place : place + run]
    data[place : place + run] = data[further : further + run]
    data[further : further + run] = piece


DAMAGES: Final[tuple[Damage, ...]] = (
    _flip, _scramble, _edge, _leave_out, _double, _cut, _exchange,
)  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return a file with some damage, mostly where headers are: they decide most."""
    data = bytearray(content)
    for _ in range(chance.randint(1, MOST_EDITS)):
        if data:
            place = chance.randrange(min(len(data), chance.choice((400, 4000, len(data)))))
            run = chance.choice((1, 1, 2, 4, 16, 256))
            chance.choice(DAMAGES)(data, place, run, chance)
    return bytes(data)


def _read_nifti(path: Path) -> None:
    from remnant.io.nifti import read_image, read_label_values

    for read in (read_label_values, read_image):
        _only_own(lambda read=read: read(path))


def _read_role(path: Path) -> None:
    from remnant.io.role_maps import read_role
    from remnant.io.roles import Part

    for part in (Part.LIVER, Part.COUINAUD, Part.LESIONS):
        _only_own(lambda part=part: read_role(path, part))


def _read_scan(path: Path) -> None:
    from remnant.io.source import load_study

    _only_own(lambda: load_study(path.parent if path.suffix == ".dcm" else path))


def _read_facts(path: Path) -> None:
    from remnant.documents.clinical_facts import read_facts_file

    _only_own(lambda: read_facts_file(path))


def _inspect(path: Path) -> None:
    from remnant.io.inspect import inspect_path

    _only_own(lambda: inspect_path(path))


def _only_own(read: Callable[[], object]) -> None:
    try:
        read()
    except RemnantError as error:
        text = str(error)
        if "\n" in text.strip():
            raise AssertionError(f"an error of several lines: {text!r}") from error


def _nifti_files(folder: Path) -> list[Path]:
    return [nifti(LESIONS, folder / "a.nii"), nifti(LESIONS, folder / "b.nii.gz")]


def _nrrd_files(folder: Path) -> list[Path]:
    return [_itk(folder / "a.nrrd"), _itk(folder / "b.mha")]


def _dicom_files(folder: Path) -> list[Path]:
    return sorted(series(folder / "study", hu=HU[:3]).iterdir())


def _segmentation_files(folder: Path) -> list[Path]:
    import highdicom as hd
    import numpy as np
    from highdicom.sr.coding import CodedConcept
    from pydicom import dcmread

    images = [dcmread(file) for file in _dicom_files(folder)]
    for image in images:
        for name in ASKED_BY_HIGHDICOM:
            setattr(image, name, "")
    described = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="Liver",
        segmented_property_category=CodedConcept("123037004", "SCT", "Anatomical Structure"),
        segmented_property_type=CodedConcept("10200004", "SCT", "Liver"),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
    )
    files = []
    for kind in ("BINARY", "FRACTIONAL"):
        made = hd.seg.Segmentation(
            source_images=images,
            pixel_array=np.array(HU[:3] > 0, dtype=float if kind == "FRACTIONAL" else bool),
            segmentation_type=kind,
            segment_descriptions=[described],
            series_instance_uid=hd.UID(),
            series_number=1,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer="-",
            manufacturer_model_name="-",
            software_versions="-",
            device_serial_number="-",
        )
        files.append(folder / f"{kind}.dcm")
        made.save_as(files[-1])
    return files


def _structure_files(_: Path) -> list[Path]:
    from pydicom.data import get_testdata_file

    return [Path(get_testdata_file("rtstruct.dcm"))]


def _zip_files(folder: Path) -> list[Path]:
    import zipfile

    files = _dicom_files(folder)
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return [path]


def _facts_files(folder: Path) -> list[Path]:
    from remnant.documents.facts_template import template

    path = folder / "a.yaml"
    path.write_text(template())
    return [path]


Reader = tuple[Callable[[Path], list[Path]], tuple[Callable[[Path], None], ...]]
READERS: Final[Mapping[str, Reader]] = {
    "nifti": (_nifti_files, (_read_nifti, _read_role, _inspect)),
    "nrrd": (_nrrd_files, (_read_role, _inspect)),
    "dicom": (_dicom_files, (_read_scan,)),
    "seg": (_segmentation_files, (_read_role, _inspect)),
    "rtstruct": (_structure_files, (_read_role, _inspect)),
    "zip": (_zip_files, (_read_scan, _inspect)),
    "facts": (_facts_files, (_read_facts,)),
}


def child(reader: str, seconds: float, seed: int, folder: Path) -> int:
    """Try damaged files until the time is up; return how many, or fail at the first fault."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _too_slow)
    chance = random.Random(seed)
    make, reads = READERS[reader]
    files = make(folder)
    contents = [file.read_bytes() for file in files]
    place = folder / "tried"
    place.mkdir()
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number = chance.randrange(len(files))
        path = place / f"x{''.join(files[number].suffixes)}"
        path.write_bytes(damaged(contents[number], chance))
        for read in reads:
            signal.alarm(SECONDS_OF_ONE)
            read(path)
            signal.alarm(0)
        count += 1
    return count


def _too_slow(*_: object) -> None:
    raise TooSlowError


def tried(reader: str, seconds: float, seed: int, keep: Path) -> bool:
    """Run one reader in a process of its own and say how it went."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, __file__, "--child", scratch, "--seed", str(seed),
                   "--seconds", str(seconds), reader]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = done.stdout.strip().splitlines()
        if done.returncode == 0:
            print(f"{reader}: {lines[-1]} files in {seconds:.0f} s, nothing but named errors")
            return True
        keep.mkdir(parents=True, exist_ok=True)
        for file in Path(scratch, "tried").glob("*"):
            (keep / f"{reader}-{seed}{''.join(file.suffixes)}").write_bytes(file.read_bytes())
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        print(f"{reader}: seed {seed} fails: {reason} (kept in {keep})")
        return False


def main() -> int:
    """Try every reader, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("readers", nargs="*", choices=[*READERS, []], metavar="READER")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child is not None:
        print(child(given.readers[0], given.seconds, given.seed, given.child))
        return 0
    names = given.readers or list(READERS)
    sound = [tried(name, given.seconds, given.seed, given.keep) for name in names]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    raise SystemExit(main())
