// @ts-check
/** NIfTI-1 volumes from the server, kept as typed arrays. */

import { getRaw } from "./api.js";
import { Frame } from "./geometry.js";

const HEADER_BYTES = 348;
const TYPES = /** @type {Record<number, any>} */ ({
  2: Uint8Array, 4: Int16Array, 8: Int32Array, 16: Float32Array, 256: Int8Array, 512: Uint16Array, 768: Uint32Array,
});

/** @param {string} url @param {AbortSignal} [signal] */
export async function loadVolume(url, signal) {
  const response = await getRaw(url, signal);
  const bytes = await response.arrayBuffer();
  const buffer = isGzip(bytes) ? await inflated(bytes) : bytes;
  return parsed(buffer);
}

/** @param {ArrayBuffer} bytes */
function isGzip(bytes) {
  const start = new Uint8Array(bytes, 0, 2);
  return start[0] === 0x1f && start[1] === 0x8b;
}

/** @param {ArrayBuffer} bytes */
function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** @param {ArrayBuffer} buffer */
export function parsed(buffer) {
  const view = new DataView(buffer);
  if (view.getInt32(0, true) !== HEADER_BYTES) throw new Error("the volume is not a little-endian NIfTI-1 file");
  const shape = /** @type {[number, number, number]} */ ([42, 44, 46].map((at) => view.getInt16(at, true)));
  const kind = TYPES[view.getInt16(70, true)];
  if (!kind) throw new Error("the volume has a data type that is not read here");
  const offset = view.getFloat32(108, true);
  const slope = view.getFloat32(112, true);
  const intercept = view.getFloat32(116, true);
  const rows = [280, 296, 312].map((at) => [0, 4, 8, 12].map((more) => view.getFloat32(at + more, true)));
  const scaled = Number.isFinite(slope) && slope !== 0 && (slope !== 1 || intercept !== 0);
  return new Volume(
    { shape, affine_ras: [...rows, [0, 0, 0, 1]] },
    new kind(buffer, offset, shape[0] * shape[1] * shape[2]),
    scaled ? { slope, intercept } : { slope: 1, intercept: 0 },
  );
}

export class Volume {
  /** @param {import("./geometry.js").Grid} grid @param {any} voxels @param {{slope: number, intercept: number}} scale */
  constructor(grid, voxels, scale) {
    this.frame = new Frame(grid);
    this.voxels = voxels;
    this.scale = scale;
  }

  /** Value at a point in RAS mm, `null` outside. @param {import("./geometry.js").Vector} ras */
  at(ras) {
    const index = this.frame.voxel(ras);
    if (!this.frame.holds(index)) return null;
    const [i, j, k] = index;
    const [ni, nj] = this.frame.shape;
    return this.voxels[(k * nj + j) * ni + i] * this.scale.slope + this.scale.intercept;
  }

  /** A slice in the server's order: the first of the other two axes fastest. @param {number} axis @param {number} at */
  slice(axis, at) {
    const [ni, nj, nk] = this.frame.shape;
    const strides = [1, ni, ni * nj];
    const [fast, slow] = [0, 1, 2].filter((other) => other !== axis);
    const sizes = [ni, nj, nk];
    const [width, height] = [sizes[fast], sizes[slow]];
    const values = new Float32Array(width * height);
    for (let y = 0, out = 0; y < height; y += 1) {
      let from = at * strides[axis] + y * strides[slow];
      for (let x = 0; x < width; x += 1, out += 1, from += strides[fast]) {
        values[out] = this.voxels[from] * this.scale.slope + this.scale.intercept;
      }
    }
    return { width, height, values };
  }
}
