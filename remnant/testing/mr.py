"""MR images of known tissues: signal equations, a bias field and Rician noise.

Which tissue a voxel holds is given, by the built-in body (`body_tissues`) or by label maps of a
real scan; the image follows from the tissues' relaxation and the sequence. Relaxation times at
1.5 T are close to those of de Bazelaire et al. (Radiology 2004), recalled and not read; how much
faster a contrast agent makes tissues relax is this project's choice. Such images have the right
order of grey values, organs of one grey with a slight texture, and none of MR's motion, ghosts,
fat-water shift or echo-planar distortion: what fails on them fails, what holds on them may not hold
on a patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.labels import Structure
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.testing.body import Cylinder, organs
from remnant.testing.phantom_shapes import digitise

FULL_SCALE: Final = 1000.0
"""Grey value of the brightest tissue before the bias field."""
ADC_SCALE: Final = 1e6
"""Diffusion coefficients in mm²/s are stored in micrometres squared per second, as scanners do."""
FAT_LEFT: Final = 0.06
"""Share of the fat's signal that a saturation leaves."""
TEXTURE: Final = 0.04
TEXTURE_VOXELS: Final = 1.2
BLUR_VOXELS: Final = 0.5
BIAS_LOBES: Final = 2
FLOW_VOID: Final = 0.15
"""Share of flowing blood's signal that slow sequences see."""
NOISE: Final = 15.0


class Tissue(IntEnum):
    """What a voxel holds."""

    AIR = 0
    LUNG = 1
    FAT = 2
    MUSCLE = 3
    LIVER = 4
    SPLEEN = 5
    KIDNEY = 6
    BLOOD = 7
    FLUID = 8
    BOWEL = 9
    MARROW = 10
    TUMOUR = 11
    PANCREAS = 12


class PaintedMr(StrEnum):
    """Sequences that a phantom can be painted as."""

    T1_UNENHANCED = "T1 unenhanced"
    T1_PORTAL = "T1 portal"
    T1_HEPATOBILIARY = "T1 hepatobiliary"
    T1_IN_PHASE = "T1 in phase"
    T1_OPPOSED_PHASE = "T1 opposed phase"
    T2 = "T2"
    DWI = "DWI b 800"
    ADC = "ADC"


@dataclass(frozen=True, slots=True)
class Relaxation:
    """How a tissue answers: T1 and T2 in ms, share of water, diffusion in mm²/s, share of fat."""

    t1_ms: float
    t2_ms: float
    density: float
    diffusion_mm2_s: float
    fat_fraction: float = 0.0


RELAXATION: Final[Mapping[Tissue, Relaxation]] = {
    Tissue.LUNG: Relaxation(1200.0, 20.0, 0.08, 1.0e-3),
    Tissue.FAT: Relaxation(343.0, 58.0, 0.95, 0.05e-3, 0.9),
    Tissue.MUSCLE: Relaxation(856.0, 27.0, 0.75, 1.5e-3, 0.03),
    Tissue.LIVER: Relaxation(586.0, 46.0, 0.75, 1.1e-3, 0.04),
    Tissue.SPLEEN: Relaxation(1057.0, 79.0, 0.80, 0.8e-3),
    Tissue.KIDNEY: Relaxation(1100.0, 87.0, 0.80, 2.0e-3),
    Tissue.BLOOD: Relaxation(1440.0, 200.0, 0.85, 2.0e-3),
    Tissue.FLUID: Relaxation(3500.0, 1000.0, 1.00, 3.0e-3),
    Tissue.BOWEL: Relaxation(1000.0, 60.0, 0.75, 1.6e-3),
    Tissue.MARROW: Relaxation(549.0, 49.0, 0.55, 0.4e-3, 0.4),
    Tissue.TUMOUR: Relaxation(1000.0, 80.0, 0.80, 1.0e-3),
    Tissue.PANCREAS: Relaxation(584.0, 46.0, 0.75, 1.2e-3, 0.04),
}
FASTER_PER_S: Final[Mapping[PaintedMr, Mapping[Tissue, float]]] = {
    PaintedMr.T1_PORTAL: {
        Tissue.BLOOD: 7.0, Tissue.LIVER: 2.2, Tissue.SPLEEN: 3.0, Tissue.KIDNEY: 6.0,
        Tissue.MUSCLE: 0.6, Tissue.BOWEL: 1.8, Tissue.TUMOUR: 0.9, Tissue.PANCREAS: 1.6,
        Tissue.MARROW: 0.4,
    },
    PaintedMr.T1_HEPATOBILIARY: {
        Tissue.BLOOD: 0.7, Tissue.LIVER: 3.0, Tissue.SPLEEN: 0.5, Tissue.KIDNEY: 2.0,
        Tissue.MUSCLE: 0.2, Tissue.BOWEL: 0.4, Tissue.TUMOUR: 0.2, Tissue.PANCREAS: 0.3,
    },
}  # fmt: skip
"""What a contrast agent adds to the relaxation rate 1/T1 of a tissue, in 1/s."""
T1_ECHO_MS, T1_REPETITION_MS, T1_FLIP_DEGREES = 2.0, 4.5, 10.0
DUAL_REPETITION_MS, DUAL_FLIP_DEGREES = 120.0, 70.0
OPPOSED_ECHO_MS, IN_PHASE_ECHO_MS = 2.3, 4.6
T2_ECHO_MS, T2_REPETITION_MS = 90.0, 3000.0
DWI_ECHO_MS, DWI_B_S_PER_MM2 = 65.0, 800.0
Codes = NDArray[np.uint8]
Field = NDArray[np.float32]


def body_tissues(structures: LabelMap, *, scale: float = 1.0) -> Codes:
    """Return the tissue of every voxel of the built-in body around a phantom's liver.

    Parameters
    ----------
    structures
        A phantom's structures, see `remnant.testing.phantoms.liver_phantom`.
    scale
        Size of the body, as the phantom's.
    """
    tissues = np.zeros(structures.geometry.shape, dtype=np.uint8)
    for (body, _), tissue in zip(organs(scale), BODY_TISSUES, strict=True):
        tissues[digitise(body, structures.geometry)] = tissue
    (x, y), radius_mm = CANAL_MM
    canal = Cylinder((scale * x, scale * y), (scale * radius_mm, scale * radius_mm))
    tissues[digitise(canal, structures.geometry)] = Tissue.FLUID
    for structure, tissue in STRUCTURE_TISSUES.items():
        tissues[structures.mask(structure)] = tissue
    return tissues


CANAL_MM: Final = ((0.0, -80.0), 7.0)
"""Place and radius of the spinal canal, which the CT phantom does without."""
BODY_TISSUES: Final = (
    Tissue.FAT,
    Tissue.MUSCLE,
    Tissue.LUNG,
    Tissue.LUNG,
    Tissue.MARROW,
    Tissue.BLOOD,
    Tissue.SPLEEN,
    Tissue.KIDNEY,
    Tissue.KIDNEY,
    Tissue.BLOOD,
)
"""Of `remnant.testing.body.organs`, in their order."""
STRUCTURE_TISSUES: Final[Mapping[Structure, Tissue]] = {
    Structure.PARENCHYMA: Tissue.LIVER,
    Structure.LESION: Tissue.TUMOUR,
    Structure.PORTAL_VEIN: Tissue.BLOOD,
    Structure.HEPATIC_VEINS: Tissue.BLOOD,
}


def signals(kind: PaintedMr, *, fat_saturated: bool = True) -> NDArray[np.float32]:
    """Return the grey value of each tissue, by its code, before bias and noise.

    Parameters
    ----------
    kind
        Sequence.
    fat_saturated
        Whether fat is suppressed where the sequence allows it: T1 without an echo pair.

    >>> grey = signals(PaintedMr.T1_UNENHANCED)
    >>> bool(grey[Tissue.LIVER] > grey[Tissue.SPLEEN] > grey[Tissue.FLUID])
    True
    """
    every = np.zeros(len(Tissue), dtype=np.float32)
    for tissue, known in RELAXATION.items():
        rate = FASTER_PER_S.get(kind, {}).get(tissue, 0.0) / 1000.0
        every[tissue] = _signal(kind, known, 1.0 / known.t1_ms + rate, fat_saturated=fat_saturated)
    if kind is PaintedMr.ADC:
        return every * np.float32(ADC_SCALE)
    return every * np.float32(FULL_SCALE / every.max())


def _signal(kind: PaintedMr, known: Relaxation, rate: float, *, fat_saturated: bool) -> float:
    """Return the signal of one tissue; ``rate`` is 1/T1 in 1/ms."""
    if kind is PaintedMr.ADC:
        return known.diffusion_mm2_s
    if kind in (PaintedMr.T2, PaintedMr.DWI) and known is RELAXATION[Tissue.BLOOD]:
        known = replace(known, density=known.density * FLOW_VOID)
    decayed = _decay(kind, known.t2_ms)
    if kind is PaintedMr.T2:
        return known.density * decayed * (1.0 - float(np.exp(-T2_REPETITION_MS * rate)))
    water = 1.0 - known.fat_fraction * (1.0 - FAT_LEFT)
    if kind is PaintedMr.DWI:
        spread = float(np.exp(-DWI_B_S_PER_MM2 * known.diffusion_mm2_s))
        return known.density * decayed * spread * water
    if kind is PaintedMr.T1_OPPOSED_PHASE:
        water = abs(1.0 - 2.0 * known.fat_fraction)
    if kind is PaintedMr.T1_IN_PHASE or (
        not fat_saturated and kind is not PaintedMr.T1_OPPOSED_PHASE
    ):
        water = 1.0
    return known.density * decayed * water * _spoiled(kind, rate)


def _spoiled(kind: PaintedMr, rate: float) -> float:
    """Return the steady state of a spoiled gradient echo (Ernst)."""
    pair = kind in (PaintedMr.T1_IN_PHASE, PaintedMr.T1_OPPOSED_PHASE)
    flip = np.radians(DUAL_FLIP_DEGREES if pair else T1_FLIP_DEGREES)
    left = np.exp(-(DUAL_REPETITION_MS if pair else T1_REPETITION_MS) * rate)
    return float(np.sin(flip) * (1.0 - left) / (1.0 - np.cos(flip) * left))


def _decay(kind: PaintedMr, t2_ms: float) -> float:
    echoes = {
        PaintedMr.T2: T2_ECHO_MS,
        PaintedMr.DWI: DWI_ECHO_MS,
        PaintedMr.T1_IN_PHASE: IN_PHASE_ECHO_MS,
        PaintedMr.T1_OPPOSED_PHASE: OPPOSED_ECHO_MS,
    }
    return float(np.exp(-echoes.get(kind, T1_ECHO_MS) / t2_ms))


PHASES: Final[Mapping[PaintedMr, Phase]] = {
    PaintedMr.T1_UNENHANCED: Phase.UNENHANCED,
    PaintedMr.T1_PORTAL: Phase.PORTAL,
    PaintedMr.T1_HEPATOBILIARY: Phase.HEPATOBILIARY,
}


def mr_image(
    tissues: Codes,
    geometry: Geometry,
    kind: PaintedMr,
    *,
    bias: float = 1.0,
    noise: float = NOISE,
    seed: int = 0,
    fat_saturated: bool = True,
) -> ImageVolume:
    """Paint an MR image of known tissues.

    Parameters
    ----------
    tissues
        Codes of `Tissue` of the grid's shape.
    geometry
        Where the voxels are.
    kind
        Sequence.
    bias
        Ratio of the coil's highest to its lowest sensitivity over the image; 1 is none. A map of
        diffusion coefficients, being computed from a ratio, has none.
    noise
        Standard deviation of the noise of each channel, on a scale where the brightest tissue has
        `FULL_SCALE`; it makes magnitudes Rician.
    seed
        Decides texture, bias field and noise.
    fat_saturated
        As `signals` has it.

    Returns
    -------
    ImageVolume
        Grey values as 16-bit integers.
    """
    drawn = np.random.default_rng(seed)
    grey = signals(kind, fat_saturated=fat_saturated)[tissues]
    grey *= 1.0 + TEXTURE * _smooth_noise(drawn, tissues.shape)
    # voxels at borders hold two tissues
    grey = ndimage.gaussian_filter(grey, BLUR_VOXELS)
    if kind is not PaintedMr.ADC:
        grey *= bias_field(tissues.shape, bias, drawn)
    real, imaginary = drawn.normal(scale=noise, size=(2, *tissues.shape))
    magnitude = np.hypot(grey + real, imaginary)
    voxels = np.rint(magnitude).astype(np.int16)
    return ImageVolume(voxels, geometry, Modality.MR, phase=PHASES.get(kind, Phase.UNKNOWN))


def bias_field(shape: tuple[int, ...], ratio: float, drawn: np.random.Generator) -> Field:
    """Return a smooth sensitivity over a grid, its mean 1, its extremes in a ratio."""
    places = [np.linspace(-1.0, 1.0, n, dtype=np.float32) for n in shape]
    field = np.zeros(shape, dtype=np.float32)
    for _ in range(BIAS_LOBES):
        across = [drawn.normal() * np.cos(drawn.uniform(1.0, 2.0) * x + drawn.normal())
                  for x in places]  # fmt: skip
        field += across[0][:, None, None] + across[1][:, None] + across[2]
    if np.ptp(field) == 0.0 or ratio == 1.0:
        return np.ones(shape, dtype=np.float32)
    sensitivity = np.exp((field - field.min()) / np.ptp(field) * np.log(ratio))
    return np.asarray(sensitivity / sensitivity.mean(), dtype=np.float32)


def _smooth_noise(drawn: np.random.Generator, shape: tuple[int, ...]) -> Field:
    """Return smooth noise of standard deviation 1."""
    rough = ndimage.gaussian_filter(drawn.normal(size=shape), TEXTURE_VOXELS)
    return np.asarray(rough / max(float(rough.std()), 1e-9), dtype=np.float32)
