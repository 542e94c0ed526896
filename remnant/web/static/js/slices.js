// @ts-check
/** Slices at full resolution, cut by the server, kept and fetched ahead. */

import { getRaw } from "./api.js";

const MOST_BYTES = 320e6;
const AT_ONCE = 6;
const RETRY_MS = 4000;
const TYPES = /** @type {Record<string, any>} */ ({
  uint8: Uint8Array, int8: Int8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array, float32: Float32Array,
});

/**
 * @typedef {{values: any, width: number, height: number, affine: number[][], canvas?: HTMLCanvasElement, window?: string, paths?: Map<number, Path2D>}} Slice
 */

export class SliceStore extends EventTarget {
  /** @param {string} base address of the case */
  constructor(base) {
    super();
    this.base = base;
    /** @type {Map<string, Slice>} */
    this.kept = new Map();
    this.bytes = 0;
    /** @type {Map<string, AbortController>} */
    this.running = new Map();
    /** @type {string[]} */
    this.queue = [];
    /** When a slice was refused last. @type {Map<string, number>} */
    this.failed = new Map();
    /** Versions by layer: a new one makes what is kept old. */
    this.versions = /** @type {Record<string, string>} */ ({});
    this.loaded = 0;
  }

  /** @param {string} layer @param {string} plane @param {number} index */
  key(layer, plane, index) {
    return `${plane}/${index}?layer=${layer}${this.versions[layer] ?? ""}`;
  }

  /** Mark a layer as changed. @param {string} layer @param {string} version query text, starting with & */
  setVersion(layer, version) {
    this.versions[layer] = version;
  }

  /** What is kept, `null` where it still has to come. @param {string} layer @param {string} plane @param {number} index @returns {Slice|null} */
  get(layer, plane, index) {
    const key = this.key(layer, plane, index);
    const found = this.kept.get(key);
    if (!found) return null;
    this.kept.delete(key);
    this.kept.set(key, found);
    return found;
  }

  /** Whether the server refused a slice. @param {string} layer @param {string} plane @param {number} index */
  isFailed(layer, plane, index) {
    return this.#hasFailed(this.key(layer, plane, index));
  }

  /** Whether a slice was refused a moment ago; after that it is asked for again. @param {string} key */
  #hasFailed(key) {
    return performance.now() - (this.failed.get(key) ?? -Infinity) < RETRY_MS;
  }

  /** Carry a slice over to a layer's present version: nothing changed there. @param {string} layer @param {string} plane @param {number} index @param {string} before */
  carry(layer, plane, index, before) {
    const old = this.kept.get(`${plane}/${index}?layer=${layer}${before}`);
    if (old && !this.kept.has(this.key(layer, plane, index))) this.#keep(this.key(layer, plane, index), old);
  }

  /**
   * What is wanted now, the most urgent first; whatever else waits or runs is dropped.
   * @param {[string, string, number][]} wanted
   */
  want(wanted) {
    const keys = wanted.map(([layer, plane, index]) => this.key(layer, plane, index));
    const all = new Set(keys);
    for (const [key, controller] of this.running) if (!all.has(key)) controller.abort();
    this.queue = [...all].filter((key) => !this.kept.has(key) && !this.running.has(key) && !this.#hasFailed(key));
    this.#next();
  }

  /** Whether everything that was asked for is here. */
  get idle() {
    return this.queue.length === 0 && this.running.size === 0;
  }

  #next() {
    while (this.running.size < AT_ONCE && this.queue.length) this.#fetch(/** @type {string} */ (this.queue.shift()));
  }

  /** @param {string} key */
  async #fetch(key) {
    const controller = new AbortController();
    this.running.set(key, controller);
    try {
      const response = await getRaw(`${this.base}/slices/${key}`, controller.signal);
      const bytes = await response.arrayBuffer();
      this.failed.delete(key);
      this.#keep(key, unpacked(response.headers, bytes));
      this.loaded += 1;
      this.dispatchEvent(new Event("slice"));
    } catch (error) {
      if (!controller.signal.aborted) {
        this.failed.set(key, performance.now());
        this.dispatchEvent(new CustomEvent("failure", { detail: { error, key } }));
      }
    } finally {
      this.running.delete(key);
      this.#next();
    }
  }

  /** @param {string} key @param {Slice} slice */
  #keep(key, slice) {
    this.kept.set(key, slice);
    this.bytes += weight(slice);
    for (const [old, other] of this.kept) {
      if (this.bytes < MOST_BYTES) break;
      if (old === key) continue;
      this.kept.delete(old);
      this.bytes -= weight(other);
    }
  }
}

/** Bytes with the picture that is made of them. @param {Slice} slice */
function weight(slice) {
  return slice.values.byteLength + 4 * slice.width * slice.height;
}

/** @param {Headers} headers @param {ArrayBuffer} bytes @returns {Slice} */
function unpacked(headers, bytes) {
  const [width, height] = (headers.get("X-Shape") ?? "").split(",").map(Number);
  const kind = TYPES[headers.get("X-Type") ?? ""];
  const numbers = (headers.get("X-Affine") ?? "").split(",").map(Number);
  if (!kind || !(width > 0) || !(height > 0) || numbers.length !== 16) throw new Error("a slice came without its shape");
  const affine = [0, 4, 8, 12].map((at) => numbers.slice(at, at + 4));
  const values = new kind(bytes);
  if (values.length !== width * height) throw new Error("a slice is shorter than its shape");
  return { values, width, height, affine };
}
