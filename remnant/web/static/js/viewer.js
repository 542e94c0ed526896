// @ts-check
/** The three linked planes: crosshair, window, layers, and which slices are fetched for them. */

import { debounced } from "./dom.js";
import { Frame } from "./geometry.js";
import { PlaneView } from "./plane.js";
import { SliceStore } from "./slices.js";
import { loadVolume } from "./volume.js";

/** @typedef {import("./geometry.js").Vector} Vector */
/** @typedef {import("./geometry.js").Plane} Plane */
/** @typedef {{source: string, merged?: boolean, numbered?: boolean, style: (label: number) => (import("./plane.js").Style|null)}} Layer */
/** @typedef {{name: string, down?: Function, move?: Function, up?: Function, enter?: Function, drawOver?: Function}} Tool */

const AHEAD = 3;
/** @type {Plane[]} */
const PLANE_NAMES = ["axial", "coronal", "sagittal"];

/** Grid of the maps as the server tells it. @param {any} scan */
export function gridOf(scan) {
  const numbers = scan.affine_ras;
  return { shape: scan.shape, affine_ras: [0, 4, 8, 12].map((at) => numbers.slice(at, at + 4)) };
}

/** The tool that only looks: a click moves the crosshair. @param {Viewer} viewer @returns {Tool} */
export function lookTool(viewer) {
  const move = (/** @type {Vector} */ ras) => viewer.moveTo(ras);
  return { name: "look", down: move, move };
}

export class Viewer extends EventTarget {
  /**
   * @param {{base: string, case: any, hosts: Record<string, HTMLElement>, grid: HTMLElement, preview?: import("./volume.js").Volume|null, pictured?: boolean}} given
   *   `preview` stands in for a scan that is not at hand; not `pictured`: there is neither
   */
  constructor(given) {
    super();
    this.base = given.base;
    this.grid = given.grid;
    this.frame = new Frame(gridOf(given.case.scan));
    /** Grid of the scan; of the small preview where the scan is not at hand. */
    this.imageFrame = given.preview?.frame ?? this.frame;
    this.preview = given.preview ?? null;
    this.pictured = given.pictured ?? true;
    /** First and last voxel of the box around the liver. @type {[Vector, Vector]|null} */
    this.liver = given.case.scan.liver_box;
    this.store = new SliceStore(given.base);
    this.cross = this.frame.ras(/** @type {Vector} */ (this.frame.shape.map((n) => Math.floor(n / 2))));
    this.window = { low: 0, high: 255 };
    /** @type {() => Layer[]} */
    this.shown = () => [];
    /** Layers whose labels are told at the crosshair, drawn or not. @type {() => string[]} */
    this.told = () => [];
    /** @type {Tool} */
    this.tool = { name: "look" };
    /** @type {Plane} */
    this.active = "axial";
    /** @type {import("./volume.js").Volume|null} */
    this.volume = null;
    this.previewed = /** @type {Record<string, {at: number, slice: any}>} */ ({});
    /** Versions of layers before the present ones: shown until the new ones are here. */
    this.before = /** @type {Record<string, string>} */ ({});
    this.planes = Object.fromEntries(PLANE_NAMES.map((name) => [name, new PlaneView(this, name, given.hosts[name])]));
    this.store.addEventListener("slice", () => this.redraw());
    this.store.addEventListener("failure", (event) => {
      this.redraw();
      this.dispatchEvent(new CustomEvent("failure", { detail: /** @type {CustomEvent} */ (event).detail }));
    });
    this.ahead = debounced(() => this.#fetch(true), 90);
  }

  #redrawSoon = false;

  // — state —

  /** Move the crosshair. @param {Vector} ras */
  moveTo(ras) {
    this.cross = ras;
    this.changed();
    this.dispatchEvent(new Event("cross"));
  }

  /** @param {Plane} plane @param {number} steps towards the feet, the back or the left where positive */
  scroll(plane, steps) {
    const { across } = this.frame.axes(plane);
    const index = this.frame.voxel(this.cross);
    index[across] += this.frame.positive(across) ? -steps : steps;
    this.moveTo(this.frame.ras(this.frame.clamp(index)));
  }

  /** @param {number} low @param {number} high */
  setWindow(low, high) {
    this.window = { low, high: Math.max(high, low + 1e-3) };
    this.redraw();
    this.dispatchEvent(new Event("window"));
  }

  /** Right drag: sideways the width, up and down the level. @param {number} dx @param {number} dy */
  changeWindow(dx, dy) {
    const width = this.window.high - this.window.low;
    const level = (this.window.high + this.window.low) / 2 + (dy * width) / 300;
    const wider = Math.max(width * (1 + dx / 200), 1e-3);
    this.setWindow(level - wider / 2, level + wider / 2);
  }

  /** A layer holds other labels from now on; slices outside `box` (voxels, inclusive) are kept. @param {string} layer @param {string} version @param {[Vector, Vector]|null} [box] */
  setVersion(layer, version, box = null) {
    const before = this.store.versions[layer] ?? "";
    if (before === version) return;
    this.before[layer] = before;
    this.store.setVersion(layer, version);
    if (box) this.#carry(layer, before, box);
    this.changed();
  }

  /** @param {string} layer @param {string} before @param {[Vector, Vector]} box */
  #carry(layer, before, box) {
    for (const plane of PLANE_NAMES) {
      const { across } = this.frame.axes(plane);
      for (let at = 0; at < this.frame.shape[across]; at += 1) {
        if (at < box[0][across] || at > box[1][across]) this.store.carry(layer, plane, at, before);
      }
    }
  }

  /** Show one plane alone, or all again. @param {string} name */
  widen(name) {
    this.grid.dataset.wide = this.grid.dataset.wide === name ? "" : name;
  }

  /** Fit the planes: to the box where one is given. @param {[Vector, Vector]|null} [box] */
  fit(box = null) {
    for (const plane of Object.values(this.planes)) plane.fit(box);
  }

  // — slices —

  /** @param {Plane} plane */
  #imageIndex(plane) {
    return this.imageFrame.voxel(this.cross)[this.imageFrame.axes(plane).across];
  }

  /** @param {Plane} plane */
  imageInside(plane) {
    if (!this.pictured) return false;
    const at = this.#imageIndex(plane);
    return at >= 0 && at < this.imageFrame.count(plane);
  }

  /** @param {Plane} plane */
  imageFailed(plane) {
    return this.store.isFailed("image", plane, this.#imageIndex(plane));
  }

  /** The slice of the scan; from the volume around the liver until the server's is here. @param {Plane} plane */
  imageSlice(plane) {
    if (!this.imageInside(plane)) return null;
    if (this.preview) return this.#previewSlice(plane);
    return this.store.get("image", plane, this.#imageIndex(plane)) ?? this.#volumeSlice(plane);
  }

  /** @param {Plane} plane */
  #previewSlice(plane) {
    const at = this.#imageIndex(plane);
    if (this.previewed[plane]?.at !== at) {
      const slice = this.#cut(/** @type {import("./volume.js").Volume} */ (this.preview), plane);
      this.previewed[plane] = { at, slice };
    }
    return this.previewed[plane].slice;
  }

  /** @param {Plane} plane */
  #volumeSlice(plane) {
    return this.volume ? this.#cut(this.volume, plane) : null;
  }

  /** Slice of a volume at the crosshair; `null` outside. @param {import("./volume.js").Volume} volume @param {Plane} plane */
  #cut(volume, plane) {
    const frame = volume.frame;
    const { across } = frame.axes(plane);
    const index = frame.voxel(this.cross);
    if (index[across] < 0 || index[across] >= frame.shape[across]) return null;
    const [fast, slow] = [0, 1, 2].filter((axis) => axis !== across);
    const affine = frame.affine.slice(0, 3).map((row) => [
      row[fast], row[slow], row[across], row[3] + row[across] * index[across],
    ]);
    return { ...volume.slice(across, index[across]), affine: [...affine, [0, 0, 0, 1]] };
  }

  /** Labels of the present slice; those of the version before while the new ones are on their way. @param {string} layer @param {Plane} plane */
  labelSlice(layer, plane) {
    const at = this.planes[plane].slice;
    const found = this.store.get(layer, plane, at);
    if (found || !(layer in this.before)) return found;
    return this.store.kept.get(`${plane}/${at}?layer=${layer}${this.before[layer]}`) ?? null;
  }

  /** Value of a layer of labels at a point; `null` where it is not known yet. @param {string} layer @param {Vector} ras */
  labelAt(layer, ras) {
    const index = this.frame.voxel(ras);
    if (!this.frame.holds(index)) return null;
    return this.#valueAt(layer, this.frame, index);
  }

  /** Value of the scan at a point. @param {Vector} ras */
  imageAt(ras) {
    const index = this.imageFrame.voxel(ras);
    if (!this.imageFrame.holds(index)) return null;
    if (this.preview) return this.preview.at(ras);
    return this.#valueAt("image", this.imageFrame, index) ?? this.volume?.at(ras) ?? null;
  }

  /** @param {string} layer @param {Frame} frame @param {Vector} index */
  #valueAt(layer, frame, index) {
    for (const plane of PLANE_NAMES) {
      const { across } = frame.axes(plane);
      const slice = this.store.get(layer, plane, index[across]);
      if (!slice) continue;
      const [fast, slow] = [0, 1, 2].filter((axis) => axis !== across);
      return slice.values[index[slow] * slice.width + index[fast]];
    }
    return null;
  }

  /** Something changed that shows: fetch what is needed and draw. */
  changed() {
    this.#fetch(false);
    this.ahead();
    this.redraw();
  }

  /** @param {boolean} ahead */
  #fetch(ahead) {
    const layers = [...new Set([...this.shown().map((layer) => layer.source), ...this.told()])];
    const order = [this.active, ...PLANE_NAMES.filter((name) => name !== this.active)];
    /** @type {[string, Plane, number][]} */
    const wanted = order.filter((plane) => !this.preview && this.imageInside(plane)).map((plane) => ["image", plane, this.#imageIndex(plane)]);
    for (const plane of order) for (const layer of layers) wanted.push([layer, plane, this.planes[plane].slice]);
    if (ahead) {
      for (let far = 1; far <= AHEAD; far += 1) {
        for (const plane of order) for (const sign of [1, -1]) this.#wantAt(wanted, layers, plane, far * sign);
      }
    }
    this.store.want(wanted);
  }

  /** @param {[string, Plane, number][]} wanted @param {string[]} layers @param {Plane} plane @param {number} far */
  #wantAt(wanted, layers, plane, far) {
    const image = this.#imageIndex(plane) + far;
    const labels = this.planes[plane].slice + far;
    if (this.pictured && !this.preview && image >= 0 && image < this.imageFrame.count(plane)) wanted.push(["image", plane, image]);
    if (labels < 0 || labels >= this.frame.count(plane)) return;
    for (const layer of layers) wanted.push([layer, plane, labels]);
  }

  /** Fetch the scan around the liver at full resolution. @param {AbortSignal} signal */
  async loadVolume(signal) {
    this.volume = await loadVolume(`${this.base}/volumes/image.nii.gz?detail=liver`, signal);
    this.redraw();
    this.dispatchEvent(new Event("volume"));
  }

  /** Corners in RAS mm of the box around the liver. @returns {[Vector, Vector]|null} */
  get liverBox() {
    return this.liver && [this.frame.ras(this.liver[0]), this.frame.ras(this.liver[1])];
  }

  redraw() {
    if (this.#redrawSoon) return;
    this.#redrawSoon = true;
    requestAnimationFrame(() => {
      this.#redrawSoon = false;
      for (const plane of Object.values(this.planes)) plane.draw();
      this.dispatchEvent(new Event("drawn"));
    });
  }
}
