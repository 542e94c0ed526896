"""What kind of MR image a stack is, by its tags and its words."""

import pytest

from remnant.io.dicom_series import catalogue


@pytest.fixture(name="named")
def named_fixture(phantom, make_pixels, tmp_path):
    """Write stacks of one MR series and return what they are called."""

    def named(*stacks):
        for number, facts in enumerate(stacks):
            made = phantom(
                pixels=make_pixels(seed=number),
                modality=facts.pop("Modality", "MR"),
                extra={"SOPInstanceUID": f"1.2.{number}", **facts},
            )
            made.write(tmp_path, prefix=f"p{number}")
        return [series.sequence for series in catalogue(tmp_path).series]

    return named


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"SeriesDescription": "t1_vibe_fs_tra_art"}, "T1 arterial"),
        ({"SeriesDescription": "AX T1 LAVA PORTAL VENOUS"}, "T1 portal"),
        ({"SeriesDescription": "t1_vibe_hepatobiliary"}, "T1 hepatobiliary"),
        ({"SeriesDescription": "eTHRIVE 20 min"}, "T1 hepatobiliary"),
        ({"SeriesDescription": "t1_vibe_pre"}, "T1 unenhanced"),
        ({"SeriesDescription": "T2 HASTE cor"}, "T2"),
        ({"SequenceName": "*h2d1_148"}, "T2"),
        ({"SequenceName": "*fl3d1"}, "T1"),
        ({"SequenceName": "*tfi2d1_60"}, "balanced"),
        ({"SeriesDescription": "T2 MRCP"}, "MRCP"),
        ({"EchoTime": 2.3, "RepetitionTime": 4.5}, "T1"),
        ({"EchoTime": 90, "RepetitionTime": 3000}, "T2"),
        ({"EchoTime": 40, "RepetitionTime": 1200}, ""),
        ({}, ""),
        ({"DiffusionBValue": 800.0}, "DWI b 800"),
        ({"DiffusionBValue": 0.0, "SeriesDescription": "dwi"}, "DWI b 0"),
        ({"SequenceName": "*ep_b400t"}, "DWI b 400"),
        ({"SeriesDescription": "DWI"}, "DWI"),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "ADC"),
        ({"SeriesDescription": "dADC map"}, ""),
        ({"SeriesDescription": "Apparent Diffusion Coefficient"}, "ADC"),
        ({"SeriesDescription": "InPhase: AX T1 LAVA"}, "T1 in phase"),
        ({"ImageType": ["DERIVED", "PRIMARY", "OPP_PHASE"]}, "opposed phase"),
        (
            {"SeriesDescription": "t1_dixon", "ImageType": ["A", "PRIMARY", "DIXON", "W"]},
            "T1 water",
        ),
        ({"SeriesDescription": "t1 art sub"}, "T1 subtraction arterial"),
        ({"Modality": "CT", "SeriesDescription": "T1 portal"}, ""),
        ({"SeriesDescription": "t1_vibe_fatsat_pv"}, "T1 portal"),
        ({"SeriesDescription": "T1 FAT SAT"}, "T1"),
        ({"SeriesDescription": "FAT: Ax LAVA-Flex"}, "T1 fat"),
        ({"SeriesDescription": "WATER: Ax LAVA-Flex"}, "T1 water"),
        ({"SeriesDescription": "mDIXON_W"}, "T1 water"),
        ({"SeriesDescription": "IDEAL IQ FatFrac"}, "fat fraction"),
        ({"SeriesDescription": "DISCO 15 min"}, "T1 hepatobiliary"),
        ({"SeriesDescription": "Ax T1 Map"}, "map"),
        ({"SeriesDescription": "R2* map"}, "map"),
        ({"SeriesDescription": "MR-Elastography stiffness"}, "map"),
        ({"SeriesDescription": "BTFE_BH"}, "balanced"),
        ({"SeriesDescription": "sshTSE long TE"}, "T2"),
        ({"SeriesDescription": "Ax FRFSE fs"}, "T2"),
        ({"SeriesDescription": "FASE cor"}, "T2"),
        ({"SeriesDescription": "DWIBS"}, "DWI"),
        (
            {"ScanningSequence": ["SE", "EP"], "EchoTime": 65, "RepetitionTime": 5000},
            "DWI",
        ),
        ({"ScanningSequence": ["GR", "EP"], "EchoTime": 20, "RepetitionTime": 500}, ""),
        (
            {"ScanningSequence": "GR", "EchoTime": 1.6, "RepetitionTime": 3.6, "FlipAngle": 60},
            "balanced",
        ),
        (
            {"ScanningSequence": "GR", "EchoTime": 1.6, "RepetitionTime": 3.6, "FlipAngle": 10},
            "T1",
        ),
        (
            {"ScanningSequence": "GR", "EchoTime": 2.3, "RepetitionTime": 120, "FlipAngle": 70},
            "T1",
        ),
    ],
    ids=str,
)
def test_name(named, facts, name):
    assert named(dict(facts)) == [name]


@pytest.mark.parametrize(
    ("field_tesla", "echoes", "names"),
    [
        (1.5, (2.3, 4.6), ["T1 opposed phase", "T1 in phase"]),
        (3.0, (1.15, 2.3), ["T1 opposed phase", "T1 in phase"]),
        (1.5, (1.5, 3.4), ["T1", "T1"]),
        ("", (2.3, 4.6), ["T1", "T1"]),
    ],
)
def test_two_echoes__are_in_or_opposed_phase_by_the_field(named, field_tesla, echoes, names):
    about = {"RepetitionTime": 120, "MagneticFieldStrength": field_tesla}
    assert named(*({**about, "EchoTime": echo} for echo in echoes)) == names


def test_one_echo__says_nothing_of_phase(named):
    assert named({"EchoTime": 2.3, "RepetitionTime": 5, "MagneticFieldStrength": 1.5}) == ["T1"]


def test_list__shows_the_kind(phantom, tmp_path):
    phantom(modality="MR", extra={"SeriesDescription": "t2_haste"}).write(tmp_path)
    assert ", T2, 't2 haste'" in catalogue(tmp_path).series[0].describe()
