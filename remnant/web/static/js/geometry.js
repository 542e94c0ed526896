// @ts-check
/** Grids in the patient's frame: RAS+ millimetres, as the server tells them. */

/** @typedef {number[][]} Matrix four rows of four numbers */
/** @typedef {[number, number, number]} Vector */
/** @typedef {"axial"|"coronal"|"sagittal"} Plane */
/** @typedef {{shape: Vector, affine_ras: Matrix}} Grid */

/** World axis across each plane, then those that run along the screen: left to right, top to bottom. */
export const PLANES = /** @type {const} */ ({
  axial: { across: 2, horizontal: 0, vertical: 1 },
  coronal: { across: 1, horizontal: 0, vertical: 2 },
  sagittal: { across: 0, horizontal: 1, vertical: 2 },
});
const LETTERS = [["L", "R"], ["P", "A"], ["I", "S"]];
const OBLIQUE = Math.sin((20 * Math.PI) / 180);
const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/** @param {Matrix} m @param {ArrayLike<number>} p @returns {Vector} */
export function apply(m, p) {
  const row = (/** @type {number[]} */ r) => r[0] * p[0] + r[1] * p[1] + r[2] * p[2] + r[3];
  return [row(m[0]), row(m[1]), row(m[2])];
}

/** Inverse of an affine matrix. @param {Matrix} m @returns {Matrix} */
export function inverse(m) {
  const [[a, b, c], [d, e, f], [g, i, j]] = m;
  const A = e * j - f * i, B = f * g - d * j, C = d * i - e * g;
  const det = a * A + b * B + c * C;
  const linear = [
    [A, c * i - b * j, b * f - c * e],
    [B, a * j - c * g, c * d - a * f],
    [C, b * g - a * i, a * e - b * d],
  ].map((row) => row.map((x) => x / det));
  const origin = [m[0][3], m[1][3], m[2][3]];
  const rows = linear.map((row) => [...row, -(row[0] * origin[0] + row[1] * origin[1] + row[2] * origin[2])]);
  return [...rows, [0, 0, 0, 1]];
}

/** Unit direction in RAS and length in mm of one array axis. @param {Matrix} m @param {number} axis */
function step(m, axis) {
  const v = [m[0][axis], m[1][axis], m[2][axis]];
  const length = Math.hypot(...v);
  return { length, unit: v.map((x) => x / length) };
}

/** A grid with what is needed to show it. */
export class Frame {
  /** @param {Grid} grid */
  constructor(grid) {
    this.shape = grid.shape;
    this.affine = grid.affine_ras;
    this.inverse = inverse(grid.affine_ras);
    this.steps = [0, 1, 2].map((axis) => step(this.affine, axis));
    /** World axis of each array axis. */
    this.world = this.#worldAxes();
  }

  #worldAxes() {
    const closeness = (/** @type {number[]} */ order) =>
      order.reduce((sum, world, axis) => sum + Math.abs(this.steps[axis].unit[world]), 0);
    return ORDERS.reduce((best, order) => (closeness(order) > closeness(best) ? order : best));
  }

  /** Array axis that runs along a world axis. @param {number} world */
  axis(world) {
    return this.world.indexOf(world);
  }

  /** Whether the array axis runs towards R, A or S. @param {number} axis */
  positive(axis) {
    return this.steps[axis].unit[this.world[axis]] > 0;
  }

  /** Nearest voxel of a point in RAS mm. @param {Vector} ras @returns {Vector} */
  voxel(ras) {
    return /** @type {Vector} */ (apply(this.inverse, ras).map(Math.round));
  }

  /** @param {Vector} index @returns {Vector} */
  ras(index) {
    return apply(this.affine, index);
  }

  /** @param {Vector} index */
  holds(index) {
    return index.every((x, axis) => x >= 0 && x < this.shape[axis]);
  }

  /** @param {Vector} index @returns {Vector} */
  clamp(index) {
    return /** @type {Vector} */ (index.map((x, axis) => Math.min(Math.max(x, 0), this.shape[axis] - 1)));
  }

  /** @param {Plane} plane */
  axes(plane) {
    const { across, horizontal, vertical } = PLANES[plane];
    return { across: this.axis(across), horizontal: this.axis(horizontal), vertical: this.axis(vertical) };
  }

  /** Slices of a plane. @param {Plane} plane */
  count(plane) {
    return this.shape[this.axes(plane).across];
  }

  /**
   * Position on the screen, in mm from the upper left, of a voxel index. Radiological: the patient's right on the left.
   * @param {Plane} plane @param {ArrayLike<number>} index @returns {[number, number]}
   */
  toPlane(plane, index) {
    const { horizontal, vertical } = this.axes(plane);
    return [this.#along(horizontal, index[horizontal]), this.#along(vertical, index[vertical])];
  }

  /** @param {number} axis @param {number} at */
  #along(axis, at) {
    const from = this.positive(axis) ? this.shape[axis] - 1 - at : at;
    return from * this.steps[axis].length;
  }

  /** Fractional voxel index of a position on the screen. @param {Plane} plane @param {number} x @param {number} y @param {number} slice @returns {Vector} */
  fromPlane(plane, x, y, slice) {
    const { across, horizontal, vertical } = this.axes(plane);
    /** @type {Vector} */
    const index = [0, 0, 0];
    index[across] = slice;
    for (const [axis, at] of [[horizontal, x], [vertical, y]]) {
      const steps = at / this.steps[axis].length;
      index[axis] = this.positive(axis) ? this.shape[axis] - 1 - steps : steps;
    }
    return index;
  }

  /** Size of a plane in mm. @param {Plane} plane @returns {[number, number]} */
  extent(plane) {
    const { horizontal, vertical } = this.axes(plane);
    return [this.shape[horizontal] * this.steps[horizontal].length, this.shape[vertical] * this.steps[vertical].length];
  }

  /** Letters at the edges of the screen, from the directions of the array axes. @param {Plane} plane */
  letters(plane) {
    const { horizontal, vertical } = this.axes(plane);
    const end = (/** @type {number} */ axis, /** @type {number} */ sign) => {
      const towards = this.positive(axis) ? sign : -sign;
      return named(this.steps[axis].unit.map((x) => x * towards));
    };
    return { left: end(horizontal, 1), right: end(horizontal, -1), top: end(vertical, 1), bottom: end(vertical, -1) };
  }
}

/** Letters of a direction in RAS, the strongest first. @param {number[]} direction */
function named(direction) {
  return direction
    .map((x, world) => ({ size: Math.abs(x), letter: LETTERS[world][Number(x > 0)] }))
    .filter(({ size }) => size > OBLIQUE)
    .sort((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join("");
}
