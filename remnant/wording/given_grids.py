"""What was odd about the grids of given files, in words."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Finding
from remnant.core.reasons import Cause, Reason
from remnant.wording.kinds import Writer
from remnant.wording.language import Message, say

ROLES: Final = (
    "image", "masks", "liver", "lesions", "couinaud", "vessels", "portal_vein", "hepatic_veins",
    "branches", "lesions_edited",
)  # fmt: skip
"""What a file can be given as: the beginnings of these findings' ids."""

CAUSES: Final[Mapping[Cause, Message]] = {
    Cause.GRID_OFFSET: "voxels lie up to {amounts[0]:.3g} mm ({amounts[1]:.2g} voxels) apart",
    Cause.PIXDIM_ROUNDED: (
        "its voxel sizes (pixdim) are rounded, by up to {amounts[0]:.3g} mm ({amounts[1]:.2g} "
        "voxels) over the grid, and its matrix was used"
    ),
    Cause.PIXDIM_UNSAID: "it states no voxel sizes (pixdim) and its matrix was used",
    Cause.PIXDIM_NEGATIVE: "its voxel sizes (pixdim) are negative and were used without their sign",
    Cause.HANDEDNESS_UNSAID: (
        "it does not state which hand its axes form (pixdim[0]), and the sign that it has was used"
    ),
    Cause.UNIT_CONVERTED: "its unit is {names[0]}, converted to millimetres",
    Cause.GEOMETRY_CHOSEN: (
        "the user said that its {names[0]} holds, with voxels of {amounts[0]:.6g} x "
        "{amounts[1]:.6g} x {amounts[2]:.6g} mm"
    ),
}


def _grid_rounding(finding: Finding) -> str:
    of_file, offset = finding.reasons
    return say(
        "The grid of the {file} differs by rounding from the one that it is counted on: "
        "voxels lie up to {offset_mm:.3g} mm apart ({voxels:.2g} of a voxel). Each counts as "
        "the voxel that it is nearest to.",
        file=_file(of_file),
        offset_mm=offset.amounts[0],
        voxels=offset.amounts[1],
    )


def _header(finding: Finding) -> str:
    of_file, *oddities = finding.reasons
    told = "; ".join(say(CAUSES[r.cause], amounts=r.amounts, names=r.names) for r in oddities)
    return say("The header of the {file}: {told}.", file=_file(of_file), told=told)


def _file(of_file: Reason) -> str:
    return say("{name} file", name=of_file.names[0].replace("_", " "))


WRITERS: Final[Mapping[str, Writer]] = {
    **{f"{role}_grid_rounding": _grid_rounding for role in ROLES},
    **{f"{role}_header": _header for role in ROLES},
}
