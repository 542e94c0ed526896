"""What is finished is kept: runs that were killed, and disks that were full."""

import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from examples import killing
from remnant.core.errors import InputError
from remnant.documents.report_document import REPORT
from remnant.io.atomic import write_text
from remnant.io.nifti import write_image
from remnant.pipeline import case_files, made_from, publishing
from remnant.pipeline.folder import read_stored, require_output_folder
from remnant.pipeline.publishing import publish, settle, staged_beside
from remnant.pipeline.run import segment_study
from remnant.pipeline.state import read_state
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.fake_segmenter import KNOWN_LESIONS, KNOWN_LIVER, SteppedSegmenter

DISK_BYTES = 4_000_000


@pytest.fixture(scope="module", name="killed")
def killed_fixture(tmp_path_factory, repository):
    """A folder with the runs that were killed; see `examples.killing`."""
    folder = tmp_path_factory.mktemp("killed")
    paths = (repository, repository / "tests" / "support", os.environ.get("PYTHONPATH", ""))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(path) for path in paths if str(path)),
        "REMNANT_PSEUDONYM_KEY": "00" * 32,
    }
    command = [sys.executable, "-m", "examples.killing", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, int(done.stdout)


@pytest.fixture(scope="module", name="known")
def known_fixture():
    return killing.phantom()


@pytest.fixture(scope="module", name="whole")
def whole_fixture(killed, known, tmp_path_factory):
    """The same run, which nobody killed."""
    output = tmp_path_factory.mktemp("whole") / "case"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        killing.study(killed[0], output, known=known, progress=lambda *_: None)
    return output


def again(folder, output, known, **options):
    """Run the same command again; return the stages that it went through, and what it noted."""
    stages = []
    ran = killing.study(
        folder, output, known=known, progress=lambda stage, *_: stages.append(stage), **options
    )
    return set(stages), ran.notes


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_killed__before_there_is_a_liver_nothing_is_left(killed):
    assert not (killed[0] / "in-liver").exists()


def test_killed__each_stage_leaves_what_was_finished_and_no_case_half_written(killed):
    folder, _ = killed
    labels = case_files.with_companions([case_files.STRUCTURES, case_files.LESIONS])
    maps = {*labels, case_files.PREVIEW, case_files.STATE}
    measured = {case_files.REPORT_JSON, case_files.LESION_TABLE}

    assert {case_files.UNFINISHED} == names(folder / "in-lesions")
    assert not case_files.is_case(folder / "in-lesions")
    assert maps == names(folder / "segmented")
    assert maps | measured == names(folder / "planning")
    assert maps | measured | {case_files.PLAN_TABLE} == names(folder / "planned")
    assert REPORT.read(folder / "planning" / case_files.REPORT_JSON).planning is None
    assert REPORT.read(folder / "planned" / case_files.REPORT_JSON).planning is not None


@pytest.mark.parametrize("point", ["in-lesions", "segmented", "planning", "planned"])
def test_killed__the_same_command_goes_on_and_comes_to_the_same(
    point, killed, known, whole, tmp_path
):
    output = shutil.copytree(killed[0] / point, tmp_path / "case")
    stages, notes = again(killed[0], output, known)

    found = {KNOWN_LIVER, KNOWN_LESIONS} & stages
    assert ({KNOWN_LESIONS} if point == "in-lesions" else set()) == found
    (note, *_) = notes
    assert ("liver of an earlier run taken up" in note) == (point == "in-lesions")
    assert ("segmentation of case-" in note) == (point != "in-lesions")
    assert names(whole) == names(output)
    first, second = (REPORT.read(one / case_files.REPORT_JSON) for one in (whole, output))
    assert first.volumetry == second.volumetry
    assert first.planning == second.planning
    assert first.quality == second.quality
    states = [read_state(one / case_files.STATE) for one in (whole, output)]
    assert states[0].made_from == states[1].made_from
    assert states[0].maps_sha256 == states[1].maps_sha256
    assert states[0].models == states[1].models


def test_killed__while_files_take_their_places_all_are_old_or_all_are_new(killed, tmp_path):
    folder, changes = killed
    assert changes > 10
    seen = []
    for operation in range(1, changes + 1):
        place = folder / f"publish-{operation:03}" / "case"
        require_output_folder(place)
        texts = {name: (place / name).read_text(encoding="utf-8") for name in names(place)}
        seen.append(killing.NEW == texts)
        assert texts in (killing.OLD, killing.NEW), operation
        with staged_beside(place):
            pass
        assert {"case"} == names(place.parent), "what a killed process staged is swept away"
    assert seen == sorted(seen)
    assert {False, True} == set(seen)


def test_publish__two_at_a_time_take_turns(tmp_path):
    """Each set of files replaces the other as a whole, however often they meet."""
    files, place = ("a", "b", "c"), tmp_path / "case"
    place.mkdir()

    def publish_as(who):
        for _ in range(25):
            with staged_beside(place) as staging:
                for name in files:
                    (staging / name).write_text(who, encoding="utf-8")
                publish(staging, place, files)
            settle(place)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(publish_as, ("one", "two", "three")))
    assert 1 == len({(place / name).read_text(encoding="utf-8") for name in files})
    assert set(files) == names(place)
    assert {"case"} == names(tmp_path)


def test_sweep__leaves_what_a_living_process_stages(tmp_path):
    output = tmp_path / "case"
    with staged_beside(output) as first, staged_beside(output):
        assert first.is_dir()


def test_staged__a_file_that_cannot_be_written_is_named_where_it_would_lie(tmp_path):
    for place in (None, tmp_path):
        shown = place or tmp_path / "case"
        with (
            pytest.raises(InputError, match=rf"^{re.escape(str(shown))}/absent/map cannot be"),
            staged_beside(tmp_path / "case", place=place) as staging,
        ):
            write_text(staging / "absent" / "map", "")
    with pytest.raises(InputError, match=r"^of the caller$"), staged_beside(tmp_path / "case"):
        raise InputError("of the caller")


@pytest.mark.parametrize("text", ["[]", '{"gone": ["../x"], "fresh": []}', '{"gone": [1]}', "{"])
def test_pending__an_order_that_names_no_plain_files_is_refused(text, tmp_path):
    pending = tmp_path / "case" / publishing.PENDING
    pending.mkdir(parents=True)
    (pending / publishing.ORDER).write_text(text, encoding="utf-8")
    (tmp_path / "x").write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match="order"):
        settle(tmp_path / "case")
    assert (tmp_path / "x").is_file()


@pytest.fixture(name="disk")
def disk_fixture(tmp_path):
    """A disk of its own, which can be filled."""
    place = tmp_path / "disk"
    place.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place))
    mount = shutil.which("mount")
    if mount is None or subprocess.run((mount, *options), check=False, stderr=-3).returncode:
        pytest.skip("no disk of its own: this user may not mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run((str(shutil.which("umount")), str(place)), check=True)


def fill(folder):
    """Write until nothing more goes onto a disk."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            return


def test_full_disk__after_the_segmentation_it_is_kept_and_taken_up(disk, killed, known):
    output = disk / "case"

    def filling(stage, done, _total):
        if (stage, done) == (killing.FINISHING, 0):
            fill(disk)

    with pytest.raises(InputError, match="cannot be written: No space left"):
        killing.study(killed[0], output, known=known, progress=filling)
    read_stored(output)
    assert case_files.REPORT_JSON not in names(output)
    assert {"case", "filler"} == names(disk)
    (disk / "filler").unlink()
    stages, _ = again(killed[0], output, known)

    assert not {KNOWN_LIVER, KNOWN_LESIONS} & stages
    assert case_files.REPORT_HTML in names(output)


def test_full_disk__during_a_run_on_an_old_case_leaves_it_as_it_was(
    killed, known, whole, tmp_path, monkeypatch
):
    output = shutil.copytree(whole, tmp_path / "case")
    before = {path.name: path.read_bytes() for path in output.iterdir()}

    def full(*_words, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("remnant.pipeline.run.write_measured", full)
    with pytest.raises(InputError, match="No space left"):
        again(killed[0], output, known)
    assert before == {path.name: path.read_bytes() for path in output.iterdir()}
    assert {"case"} == names(tmp_path)


def segmented(killed, output, known, request=None, **options):
    stages = []
    found = segment_study(
        request or killing.request(killed[0]),
        output=output,
        segmenter=SteppedSegmenter.knowing(known),
        progress=lambda stage, *_: stages.append(stage),
        **options,
    )
    return found, set(stages)


def test_taken_up__only_what_the_same_algorithm_models_and_settings_made(
    killed, known, tmp_path, monkeypatch
):
    output = shutil.copytree(killed[0] / "segmented", tmp_path / "case")
    found, stages = segmented(killed, output, known)
    assert found.stored is not None
    assert KNOWN_LESIONS not in stages

    found, stages = segmented(killed, output, known, divider=FakeDivider.knowing(known))
    assert KNOWN_LESIONS in stages, "another engine takes part"
    found, stages = segmented(killed, output, known, divider=FakeDivider.knowing(known))
    assert KNOWN_LESIONS not in stages
    monkeypatch.setattr(made_from, "ALGORITHM_VERSION", made_from.ALGORITHM_VERSION + 1)
    found, stages = segmented(killed, output, known, divider=FakeDivider.knowing(known))
    assert KNOWN_LESIONS in stages, "another version of the algorithm"
    assert "replaced case-" in found.notes[0]


def test_taken_up__not_where_the_scan_became_another_one(killed, known, tmp_path):
    folder = tmp_path / "study"
    output = shutil.copytree(killed[0] / "segmented", folder / "case")
    other = replace(known.image, voxels=np.flip(known.image.voxels, 0).copy())
    write_image(other, folder / "ct.nii.gz")
    request = killing.request(folder)

    with pytest.raises(InputError, match="it was made from other inputs"):
        segmented(killed, output, known, request)
    _, stages = segmented(killed, output, known, replace(request, overwrite=True))
    assert KNOWN_LESIONS in stages


@pytest.mark.parametrize("damage", ["map", "facts", "other image"])
def test_kept_liver__what_is_not_whole_or_of_another_image_is_found_anew(
    damage, killed, known, tmp_path
):
    output = shutil.copytree(killed[0] / "in-lesions", tmp_path / "case")
    (kept,) = (output / case_files.UNFINISHED).glob("*.nii.gz")
    if damage == "map":
        kept.write_bytes(kept.read_bytes()[:-9])
    elif damage == "facts":
        kept.with_name(kept.name.replace(".nii.gz", ".json")).write_text("{}", encoding="utf-8")
    else:
        kept.rename(kept.with_name(f"{'0' * 64}.nii.gz"))
    _, stages = segmented(killed, output, known)

    assert KNOWN_LIVER in stages
    assert case_files.UNFINISHED not in names(output)


def test_signal__is_the_one_that_nothing_catches():
    assert signal.SIGKILL == killing.forked(killing.die)


def test_segmenter__liver_and_lesions_in_two_steps_are_those_of_one(known):
    segmenter = SteppedSegmenter.knowing(known)
    liver = segmenter.segment_liver(known.image)

    assert not liver.lesions.codes.any()
    assert liver.quality == segmenter.segment(known.image).quality
    np.testing.assert_array_equal(liver.structures.mask(), known.structures.mask())
