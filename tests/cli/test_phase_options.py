"""Options that take liver and lesions from several phases of a study."""

import pytest

from remnant.cli.options import ScanOptions
from remnant.core.errors import InputError
from remnant.core.phase_choice import AlignmentKind, PhaseChoice
from remnant.core.volumes import Phase
from remnant.pipeline.option_texts import parse_phases


def test_phases__none_of_one_image():
    assert ScanOptions().phases() is None


def test_phases__lesions_from_the_livers_image_unless_said():
    assert ScanOptions(liver_from="portal").phases() == PhaseChoice(
        liver_from="portal", lesions_from=("portal",)
    )


def test_phases__of_names_and_numbers():
    chosen = ScanOptions(
        liver_from="Portal", lesions_from="arterial, 4,arterial", alignment=AlignmentKind.DEFORMABLE
    ).phases()
    assert chosen.lesions_from == ("arterial", "4")
    assert chosen.alignment is AlignmentKind.DEFORMABLE


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lesions_from": "arterial"}, "--lesions-from needs --liver-from"),
        ({"liver_from": "venous"}, "--liver-from got 'venous'; allowed is one of unenhanced"),
        ({"liver_from": "portal,arterial"}, "allowed is one of"),
        ({"liver_from": ""}, "allowed is one of"),
        ({"liver_from": "unknown"}, "allowed is one of"),
        ({"liver_from": "portal", "lesions_from": "late"}, "--lesions-from got 'late'"),
        ({"liver_from": "portal", "lesions_from": ","}, "allowed is any of"),
        ({"liver_from": "portal", "series": "3"}, "leave --series, --phase out"),
        ({"liver_from": "portal", "phase": Phase.PORTAL}, "leave --series, --phase out"),
    ],
)
def test_phases__refused(options, words):
    with pytest.raises(InputError, match=words):
        ScanOptions(**options).phases()


def test_parse__numbers_as_they_are_listed():
    assert parse_phases("3,5", option="--x") == ("3", "5")
