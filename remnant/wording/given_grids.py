"""What was odd about the grids of given files, in words."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Finding
from remnant.core.reasons import Cause, Reason
from remnant.wording.kinds import Writer

ROLES: Final = (
    "image", "masks", "liver", "lesions", "couinaud", "vessels", "portal_vein", "hepatic_veins",
    "branches", "lesions_edited",
)  # fmt: skip
"""What a file can be given as: the beginnings of these findings' ids."""

CAUSES: Final[Mapping[Cause, str]] = {
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
    return (
        f"The grid of the {_file(of_file)} differs by rounding from the one that it is counted "
        f"on: voxels lie up to {offset.amounts[0]:.3g} mm apart ({offset.amounts[1]:.2g} of a "
        f"voxel). Each counts as the voxel that it is nearest to."
    )


def _header(finding: Finding) -> str:
    of_file, *oddities = finding.reasons
    told = "; ".join(CAUSES[r.cause].format(amounts=r.amounts, names=r.names) for r in oddities)
    return f"The header of the {_file(of_file)}: {told}."


def _file(of_file: Reason) -> str:
    return f"{of_file.names[0].replace('_', ' ')} file"


WRITERS: Final[Mapping[str, Writer]] = {
    **{f"{role}_grid_rounding": _grid_rounding for role in ROLES},
    **{f"{role}_header": _header for role in ROLES},
}
