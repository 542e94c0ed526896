"""The liver scan of a study: points, the lead that is needed, and what is said of the choice."""

import pytest

from remnant.core.errors import InputError, UnsupportedSeriesError
from remnant.core.findings import Verdict
from remnant.core.reasons import Cause
from remnant.core.volumes import Phase
from remnant.io.body_regions import region
from remnant.io.dicom_series import automatic, catalogue, choose, plausible_series
from remnant.io.reading import ReadingChoice
from remnant.io.series_choice import (
    LEAD,
    Aspect,
    choice_finding,
    ranked,
    score,
    sharpness,
)
from remnant.io.source import load_phases, load_study, study_digests
from remnant.wording.findings import text_of

CORONAL = (1, 0, 0, 0, 0, -1)


@pytest.fixture(name="study")
def study_fixture(phantom, make_pixels, tmp_path):
    """Write series of one study: each a mapping of header facts and of the phantom's own."""

    def write(*series, study="1.2.3"):
        for n, facts in enumerate(series, start=1):
            own = {k: facts[k] for k in ("orientation", "step", "pixels", "modality") if k in facts}
            extra = {k: v for k, v in facts.items() if k not in own}
            made = phantom(
                series=f"1.2.3.{n}",
                study=study,
                extra={"SeriesNumber": n, **extra},
                **{"pixels": make_pixels(seed=n), **own},
            )
            made.write(tmp_path / f"s{n}")
        return tmp_path

    return write


def chosen(folder, **asked):
    return choose(catalogue(folder), wanted=None, name="folder", **asked)


def series(description, kernel="B30f", **facts):
    return {"SeriesDescription": description, "ConvolutionKernel": kernel, **facts}


@pytest.mark.parametrize(
    ("other", "aspect"),
    [
        (series("Abd portal 3.0", "B70f"), Aspect.KERNEL),
        (series("Abd portal cor", orientation=CORONAL, step=(0, 3.0, 0)), Aspect.PLANE),
        (series("Abd arteriell 3.0"), Aspect.PHASE),
        (series("Abd nativ 3.0"), Aspect.PHASE),
        (series("Abd portal 5.0", step=(0, 0, 5.0)), Aspect.SPACING),
        (series("Abd portal", ImageType=["DERIVED", "SECONDARY", "MPR"]), Aspect.IMAGE_TYPE),
        (series("Thorax portal 3.0"), Aspect.BODY_PART),
        (series("Abd portal Bolus-Tracking"), Aspect.SEQUENCE),
    ],
)
def test_choose__one_aspect_of_weight_decides(study, other, aspect):
    folder = study(other, series("Abd portal 3.0"))
    first, second = ranked(catalogue(folder).series)
    assert first.series.number == 2
    assert aspect in first.score.differences(second.score)
    assert first.score.points - second.score.points >= LEAD
    assert chosen(folder).number == 2


def test_choose__does_not_depend_on_the_order(study):
    assert chosen(study(series("Abd portal"), series("Abd portal", "B70f"))).number == 1


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        (series("Abd portal"), series("Abd portal"), "their headers earn the same points"),
        (series("Abd portal"), series("Leber venös", "B40f"), "their headers earn the same points"),
        (series("Abd arterial"), series("Abd delayed"), "they differ in contrast phase"),
        (series("Abd portal"), series("Abd portal", "B50f"), "they differ in kernel"),
    ],
)
def test_choose__refuses_what_is_close(study, first, second, apart):
    if apart == "they differ in kernel":
        second = {**second, "ConvolutionKernel": "x"}
    folder = study(first, second)
    with pytest.raises(UnsupportedSeriesError) as refused:
        chosen(folder)
    text = str(refused.value)
    assert "2 series that could be the liver scan, and none leads plainly" in text
    assert apart in text
    assert "--series NUMBER" in text
    assert "points: plane axial" in text
    assert automatic(catalogue(folder)) is None
    assert choose(catalogue(folder), wanted="2", name="f").number == 2


def test_choose__by_phase(study):
    folder = study(series("Abd arterial"), series("Abd portal"), series("Abd late"))
    assert chosen(folder).number == 2
    assert chosen(folder, phase=Phase.ARTERIAL).number == 1
    assert chosen(folder, phase=Phase.DELAYED).number == 3
    with pytest.raises(UnsupportedSeriesError, match="no series of the unenhanced phase"):
        chosen(folder, phase=Phase.UNENHANCED)


def test_choose__by_phase_where_only_one_says_none(study):
    folder = study(series("Abd arterial"), series("Abd 3.0"))
    assert chosen(folder, phase=Phase.PORTAL).number == 2
    loaded = load_study(folder, choice=ReadingChoice(phase=Phase.PORTAL))
    assert loaded.image.phase is loaded.study.phase is Phase.PORTAL


def test_choose__several_of_the_phase_asked_for(study):
    folder = study(series("Abd portal"), series("Abd portal"), series("Abd arterial"))
    with pytest.raises(UnsupportedSeriesError, match="2 series of the portal phase"):
        chosen(folder, phase=Phase.PORTAL)


@pytest.mark.parametrize("facts", [{"PatientID": "other"}, {"StudyInstanceUID": "1.9"}])
def test_choose__patients_and_studies_are_not_mixed(study, facts):
    folder = study(series("Abd portal"), series("Abd nativ", "B70f", **facts))
    with pytest.raises(UnsupportedSeriesError, match="several patients or studies") as refused:
        chosen(folder)
    assert "other" not in str(refused.value)
    assert choose(catalogue(folder), wanted="1", name="f").number == 1


def test_choose__one_series_of_two_patients(phantom, tmp_path):
    made = phantom()
    for k in range(12):
        made.plane(k, PatientID=str(k % 2)).save_as(tmp_path / str(k))
    with pytest.raises(UnsupportedSeriesError, match="several patients or studies"):
        choose(catalogue(tmp_path), wanted="1", name="f")


def test_choose__another_part_of_the_body(study):
    folder = study(series("Schädel nativ"))
    assert "another part of the body" in catalogue(folder).series[0].against
    with pytest.raises(UnsupportedSeriesError, match="no series that is plainly"):
        chosen(folder)


def test_choose__series_with_faults_are_never_taken(study, phantom, tmp_path):
    folder = study(series("Abd arterial", "B70f"))
    best = series("Abd portal 3.0", ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])
    phantom(series="1.2.3.9", extra=best).write(tmp_path / "best", skip=(4,))
    assert chosen(folder).uid == "1.2.3.1"


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("B30f", "soft"), ("Br40d\\3", "soft"), ("I31f 3", "soft"), ("B50f", "medium"),
        ("B70s", "sharp"), ("Bl64", "sharp"), ("STANDARD", "soft"), ("LUNG", "sharp"),
        ("BONEPLUS", "sharp"), ("DETAIL", "medium"), ("FC08", "soft"), ("FC52", "sharp"),
        ("B", "soft"), ("YA", "sharp"), ("", ""), ("?", ""),
    ],
)  # fmt: skip
def test_sharpness__as_makers_name_it(kernel, expected):
    assert sharpness(kernel) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Leber 3-Phasen", "abdomen"), ("FOIE", "abdomen"), ("CHEST_ABDOMEN", "abdomen"),
        ("ABDOMENPELVIS", "abdomen"), ("Thorax 1.0", "chest"), ("HEAD", "elsewhere"),
        ("Schädel", "elsewhere"), ("Delivery", ""), ("", ""),
    ],
)  # fmt: skip
def test_region__by_words(text, expected):
    assert region(text) == expected


def test_score__a_description_weighs_more_than_the_body_part(study):
    folder = study(series("Abd portal", BodyPartExamined="CHEST"))
    assert score(catalogue(folder).series[0]).marks[Aspect.BODY_PART].value == "abdomen"


def test_finding__says_what_was_taken_and_why(study):
    folder = study(series("Abd portal", "B70f"), series("Abd portal"))
    found = next(f for f in load_study(folder).quality if f.id == "series_chosen")
    assert (found.verdict, found.value) == (Verdict.UNKNOWN, 2.0)
    behind = [r for r in found.reasons if r.cause is Cause.SERIES_BEHIND]
    assert [(r.amounts[0], r.names) for r in behind] == [(1.0, ("kernel",))]
    text = text_of(found)
    assert "Of 2 series that could be the liver scan, series 2 was taken" in text
    assert "kernel: soft (+15)" in text
    assert "Series 1 has" in text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ReadingChoice(series="1"), "as the user asked"),
        (ReadingChoice(), "the only one that could be"),
    ],
)
def test_finding__of_one_or_as_asked_is_met(study, asked, words):
    found = next(
        f
        for f in load_study(study(series("Abd portal")), choice=asked).quality
        if f.id == "series_chosen"
    )
    assert found.verdict is Verdict.MET
    assert words in text_of(found)


def phases_of(folder, *names, **facts):
    return [loaded.image for loaded in load_phases(folder, names, **facts)]


def test_load_phases__in_the_order_of_their_names(study):
    folder = study(series("Abd portal"), series("Abd arterial"), series("Abd 3.0"))
    images = phases_of(folder, "portal", "arterial", "3")
    assert [image.phase for image in images] == [Phase.PORTAL, Phase.ARTERIAL, Phase.UNKNOWN]
    assert len({image.voxels.tobytes() for image in images}) == 3


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("portal", "delayed"), "no series of .* says that it is of the delayed phase"),
        (("portal", "1"), "portal and 1 are both series 1"),
        (("portal", "unenhanced"), "says that it is of the unenhanced phase"),
        (("portal", "9"), "names nothing"),
    ],
)
def test_load_phases__refused_before_anything_is_read(study, names, words):
    folder = study(series("Abd portal"), series("Abd arterial"), series("Abd 3.0"))
    with pytest.raises(InputError, match=words):
        phases_of(folder, *names)


def test_load_phases__of_two_studies(study):
    folder = study(series("Abd portal"), series("Abd arterial", StudyInstanceUID="1.9"))
    with pytest.raises(UnsupportedSeriesError, match="several patients or studies"):
        phases_of(folder, "1", "2")


def test_load_phases__of_a_file(study, tmp_path):
    study(series("Abd portal"))
    with pytest.raises(InputError, match="folder of a DICOM study"):
        phases_of(next(file for file in tmp_path.rglob("im*")), "portal")


def test_study_digests__are_those_of_the_images_that_are_read(study):
    folder = study(series("Abd portal"), series("Abd arterial"))
    names = ("portal", "arterial")
    read = [loaded.input_sha256 for loaded in load_phases(folder, names)]
    assert len(set(read)) == len(names)
    assert tuple(read) == study_digests(folder, names)
    chosen = ReadingChoice(series="2")
    assert (load_study(folder, choice=chosen).input_sha256,) == study_digests(folder, choice=chosen)


MR_STUDY = (
    "t1_vibe_pre",
    "t1_vibe_arterial",
    "t1_vibe_portal venous",
    "t1_vibe_delayed",
    "t1_vibe_20 min",
    "t1 in phase",
    "t1 opposed phase",
    "t2_haste",
    "ep2d_diff_b800",
    "adc",
)


def mr(description):
    return {"SeriesDescription": description, "modality": "MR"}


@pytest.mark.parametrize(
    ("absent", "taken"),
    [
        ((), "t1_vibe_portal venous"),
        (("portal",), "t1_vibe_20 min"),
        (("portal", "20 min"), None),
        (("portal", "20 min", "delayed"), None),
        (("portal", "20 min", "delayed", "arterial", "in phase"), "t1_vibe_pre"),
        (("vibe",), "t1 in phase"),
        (("vibe", "in phase"), "t2_haste"),
        (("vibe", "in phase", "opposed", "haste", "adc"), "ep2d_diff_b800"),
    ],
    ids=str,
)
def test_choose__mr_by_its_sequence(study, absent, taken):
    left = [text for text in MR_STUDY if not any(word in text for word in absent)]
    listed = catalogue(study(*map(mr, left)))
    found = automatic(listed)
    assert (None if found is None else found.description) == taken


def test_choose__mr_says_by_which_sequence(study):
    listed = catalogue(study(*map(mr, MR_STUDY)))
    found = choose(listed, wanted=None, name="study")
    said = choice_finding(found, plausible_series(listed), asked=False).reasons
    marks = [one for one in said if one.cause is Cause.SERIES_POINTS]
    points = {one.names[0]: (one.names[1], one.amounts[0]) for one in marks}
    assert points["sequence"] == ("T1", 0)
    assert points["contrast phase"] == ("portal", 35)
    assert found.phase is Phase.PORTAL


def test_choose__fat_saturation_is_no_fat_image(study):
    folder = study(mr("t1 fat sat portal"), mr("t1 fat sat arterial"))
    assert chosen(folder).number == 1


def test_choose__water_of_a_pair_before_its_fat(study):
    types = {part: ["DERIVED", "PRIMARY", "DIXON", part] for part in ("WATER", "FAT")}
    folder = study(*({**mr("t1 dixon portal"), "ImageType": t} for t in types.values()))
    assert chosen(folder).number == 1
    assert chosen(folder).sequence == "T1 water portal"


def test_phase__mr_words_that_ct_does_not_have(study):
    folder = study(mr("eTHRIVE 20 min"), series("Abd 20 min"))
    mr_series, ct_series = catalogue(folder).series
    assert mr_series.phase is Phase.HEPATOBILIARY
    assert ct_series.phase is Phase.UNKNOWN
