"""Landmarks in our form and in 3D Slicer's."""

import json

import pytest

from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.landmarks import Landmarks
from remnant.io.landmarks import read_landmarks

POINTS = {
    "ivc": [1.0, -2.0, 3.5],
    "gallbladder_fossa": [30.0, 40.0, 5],
    "umbilical_fissure": [-10.0, 45.0, 12.0],
    "portal_bifurcation": [4.0, 5.0, 6.0],
}
EXPECTED = Landmarks(**{name: tuple(map(float, point)) for name, point in POINTS.items()})


def write(tmp_path, document, name="landmarks.json"):
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def ours(frame="RAS mm", **changes):
    points = {**POINTS, **changes}
    return {"frame": frame, "points": {n: p for n, p in points.items() if p != "drop"}}


def slicer(system="LPS", sign=-1, unit="mm", points=None):
    control = [
        {
            "id": str(n),
            "label": label,
            "position": [sign * x, sign * y, z],
            "positionStatus": "defined",
        }
        for n, (label, (x, y, z)) in enumerate((points or POINTS).items())
    ]
    markup = {
        "type": "Fiducial",
        "coordinateSystem": system,
        "coordinateUnits": unit,
        "controlPoints": control,
    }
    return {"@schema": "markups-schema-v1.0.3.json#", "markups": [markup]}


def test_ours__all_points(tmp_path):
    assert read_landmarks(write(tmp_path, ours())) == EXPECTED


def test_ours__optional_points(tmp_path):
    landmarks = read_landmarks(
        write(tmp_path, ours(right_hepatic_vein=[7, 8, 9], middle_hepatic_vein=None))
    )
    assert landmarks.right_hepatic_vein == (7.0, 8.0, 9.0)
    assert landmarks.middle_hepatic_vein is None


@pytest.mark.parametrize(("system", "sign"), [("LPS", -1), ("RAS", 1)])
def test_slicer__frame_as_the_file_says(tmp_path, system, sign):
    assert read_landmarks(write(tmp_path, slicer(system, sign), "a.mrk.json")) == EXPECTED


def test_slicer__labels_are_matched_freely_and_others_passed_over(tmp_path):
    points = {"IVC": POINTS["ivc"], "Gallbladder Fossa ": POINTS["gallbladder_fossa"],
              "umbilical-fissure": POINTS["umbilical_fissure"],
              "Portal bifurcation": POINTS["portal_bifurcation"], "tip": [1, 2, 3]}  # fmt: skip
    assert read_landmarks(write(tmp_path, slicer(points=points))) == EXPECTED


def test_slicer__undefined_point_is_missing(tmp_path):
    document = slicer()
    document["markups"][0]["controlPoints"][0]["positionStatus"] = "undefined"
    with pytest.raises(InputError, match="has no ivc"):
        read_landmarks(write(tmp_path, document))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (ours(ivc="drop", portal_bifurcation="drop"), "has no ivc, portal_bifurcation; needed are"),
        (ours(frame="LPS mm"), "allowed is"),
        (ours(frame=None), "allowed is"),
        (ours(ivc=[1, 2]), "three numbers"),
        (ours(ivc=[1, 2, "3"]), "three numbers"),
        (ours(ivc=[1, 2, True]), "three numbers"),
        (ours(ivc=[1, 2, float("nan")]), "three numbers"),
        (ours(ivc=[1, 2, 1e6]), "in mm"),
        (ours(spleen=[1, 2, 3]), "unknown point 'spleen'"),
        (slicer(system="XYZ"), "allowed are LPS or RAS"),
        (slicer(unit="cm"), "allowed are LPS or RAS in mm"),
        (slicer(points={**POINTS, "IVC": [1, 2, 3]}), "ivc twice"),
    ],
)
def test_refused__points(tmp_path, document, message):
    with pytest.raises(InputError, match=message):
        read_landmarks(write(tmp_path, document))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"points": 3}',
        '{"markups": [3]}',
        '{"markups": 3}',
        "\x00\xff",
        "[" * 5000,
    ],
)
def test_refused__not_a_landmarks_file(tmp_path, text):
    with pytest.raises(UnreadableFileError) as caught:
        read_landmarks(write(tmp_path, text))
    assert "\n" not in str(caught.value)
