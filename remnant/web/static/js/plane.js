// @ts-check
/** One plane of the scan on two canvases: the picture, and what follows the pointer above it. */

import { contours } from "./contours.js";
import { h } from "./dom.js";
import { apply } from "./geometry.js";
import { WORDS } from "./words.js";

/** @typedef {import("./viewer.js").Viewer} Viewer */
/** @typedef {import("./geometry.js").Vector} Vector */

const LEAST_SCALE = 0.2;
const MOST_SCALE = 60;
const KEYS = /** @type {Record<string, [number, number, number]>} */ ({
  ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0],
});
const HATCH_STEP = 7;

export class PlaneView {
  /** @param {Viewer} viewer @param {import("./geometry.js").Plane} plane @param {HTMLElement} host */
  constructor(viewer, plane, host) {
    this.viewer = viewer;
    this.plane = plane;
    this.host = host;
    this.scale = 1;
    /** Point of the plane in mm that lies in the middle of the canvas. */
    this.middle = [0, 0];
    this.needsFit = true;
    /** @type {[number, number][]} */
    this.stroke = [];
    /** @type {[number, number]|null} */
    this.pointer = null;
    this.#build();
    new ResizeObserver(() => this.#resize()).observe(host);
  }

  #build() {
    const letters = this.viewer.frame.letters(this.plane);
    this.picture = h("canvas", { class: "picture", "aria-hidden": "true" });
    this.over = h("canvas", {
      class: "over", tabindex: "0", role: "application", "aria-roledescription": WORDS.planeRole,
      "aria-label": WORDS.planeLabel(this.plane), "aria-describedby": "plane-keys", "data-plane": this.plane,
    });
    this.position = h("span", { class: "position" });
    const edges = Object.entries(letters).map(([side, letter]) =>
      h("span", { class: `edge ${side}`, "data-side": side, title: WORDS.letter(letter), text: letter }));
    const wide = h("button", {
      type: "button", class: "wide", title: WORDS.widen, "aria-label": WORDS.widenPlane(this.plane), text: "⤢",
      onclick: () => this.viewer.widen(this.plane),
    });
    this.note = h("span", { class: "note" });
    this.host.append(this.picture, this.over, ...edges, this.position, this.note, wide);
    this.#listen();
  }

  #listen() {
    const over = this.over;
    over.addEventListener("wheel", (/** @type {WheelEvent} */ e) => this.#wheel(e), { passive: false });
    over.addEventListener("pointerdown", (/** @type {PointerEvent} */ e) => this.#down(e));
    over.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => this.#move(e));
    over.addEventListener("pointerup", (/** @type {PointerEvent} */ e) => this.#up(e));
    over.addEventListener("pointercancel", (/** @type {PointerEvent} */ e) => this.#up(e));
    over.addEventListener("pointerleave", () => { this.pointer = null; this.drawOver(); });
    over.addEventListener("contextmenu", (/** @type {Event} */ e) => e.preventDefault());
    over.addEventListener("dblclick", () => { if (this.viewer.tool.name === "look") this.viewer.widen(this.plane); });
    over.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => this.#key(e));
    over.addEventListener("focus", () => { this.viewer.active = this.plane; });
  }

  #resize() {
    const { width, height } = this.host.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    if (width < 2 || height < 2) return;
    for (const canvas of [this.picture, this.over]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.ratio = ratio;
    if (this.needsFit) this.fit();
    else this.draw();
  }

  /** Show the whole plane, or the box given by two corners in RAS mm. @param {[Vector, Vector]|null} [box] */
  fit(box = null) {
    if (!this.picture.width) return;
    const frame = this.viewer.frame;
    let [x0, y0] = [0, 0];
    let [x1, y1] = frame.extent(this.plane);
    if (box) {
      const corners = box.map((ras) => frame.toPlane(this.plane, apply(frame.inverse, ras)));
      [x0, x1] = [corners[0][0], corners[1][0]].sort((a, b) => a - b);
      [y0, y1] = [corners[0][1], corners[1][1]].sort((a, b) => a - b);
    }
    this.middle = [(x0 + x1) / 2, (y0 + y1) / 2];
    this.scale = 0.96 * Math.min(this.picture.width / (x1 - x0), this.picture.height / (y1 - y0));
    this.needsFit = false;
    this.draw();
  }

  /** Voxel along the plane's axis where the crosshair lies. */
  get slice() {
    return this.sliceOf(this.viewer.cross);
  }

  /** Voxel along the plane's axis where a point lies. @param {Vector} ras */
  sliceOf(ras) {
    const frame = this.viewer.frame;
    return frame.voxel(ras)[frame.axes(this.plane).across];
  }

  /** Canvas position of a point in RAS mm. @param {Vector} ras @returns {[number, number]} */
  toCanvas(ras) {
    const frame = this.viewer.frame;
    return this.#onCanvas(frame.toPlane(this.plane, apply(frame.inverse, ras)));
  }

  /** @param {[number, number]} mm @returns {[number, number]} */
  #onCanvas([x, y]) {
    return [
      (x - this.middle[0]) * this.scale + this.picture.width / 2,
      (y - this.middle[1]) * this.scale + this.picture.height / 2,
    ];
  }

  /** Point in RAS mm under a pointer event. @param {MouseEvent} event @returns {Vector} */
  rasAt(event) {
    const box = this.over.getBoundingClientRect();
    const ratio = this.ratio ?? 1;
    const x = ((event.clientX - box.left) * ratio - this.picture.width / 2) / this.scale + this.middle[0];
    const y = ((event.clientY - box.top) * ratio - this.picture.height / 2) / this.scale + this.middle[1];
    const frame = this.viewer.frame;
    return frame.ras(frame.fromPlane(this.plane, x, y, this.slice));
  }

  // — pointer and keys —

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const turned = event.deltaY || event.deltaX; // with Shift browsers tell the wheel as sideways
    if (event.ctrlKey || event.metaKey) this.#zoom(turned < 0 ? 1.15 : 1 / 1.15, event);
    else this.viewer.scroll(this.plane, Math.sign(turned) * (event.shiftKey ? 5 : 1));
  }

  /** @param {number} factor @param {MouseEvent} [event] keep the point under it where it is */
  #zoom(factor, event) {
    const before = this.scale;
    this.scale = Math.min(Math.max(before * factor, LEAST_SCALE), MOST_SCALE);
    if (event) {
      const box = this.over.getBoundingClientRect();
      const ratio = this.ratio ?? 1;
      const dx = (event.clientX - box.left) * ratio - this.picture.width / 2;
      const dy = (event.clientY - box.top) * ratio - this.picture.height / 2;
      this.middle[0] += dx * (1 / before - 1 / this.scale);
      this.middle[1] += dy * (1 / before - 1 / this.scale);
    }
    this.draw();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    this.over.focus({ preventScroll: true });
    this.over.setPointerCapture(event.pointerId);
    const pans = event.button === 1 || (event.button === 0 && event.shiftKey);
    this.drag = { x: event.clientX, y: event.clientY, pans, windows: event.button === 2, moved: false };
    if (!pans && event.button === 0) this.viewer.tool.down?.(this.rasAt(event), this, event);
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const box = this.over.getBoundingClientRect();
    const ratio = this.ratio ?? 1;
    this.pointer = [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
    if (this.drag) this.#dragged(event, ratio);
    else this.drawOver();
  }

  /** @param {PointerEvent} event @param {number} ratio */
  #dragged(event, ratio) {
    const drag = /** @type {NonNullable<typeof this.drag>} */ (this.drag);
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (Math.hypot(dx, dy) > 3) drag.moved = true;
    if (drag.pans) {
      this.middle[0] -= (dx * ratio) / this.scale;
      this.middle[1] -= (dy * ratio) / this.scale;
    } else if (drag.windows) {
      this.viewer.changeWindow(dx, dy);
    } else {
      this.viewer.tool.move?.(this.rasAt(event), this, event);
      this.drawOver();
      return;
    }
    [drag.x, drag.y] = [event.clientX, event.clientY];
    this.draw();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const drag = this.drag;
    this.drag = undefined;
    if (drag && !drag.pans && !drag.windows) this.viewer.tool.up?.(this.rasAt(event), this, event, drag.moved);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const move = KEYS[event.key];
    const factor = event.shiftKey ? 5 : 1;
    if (move) this.#nudge(move[0] * factor, move[1] * factor);
    else if (event.key === "PageUp" || event.key === ",") this.viewer.scroll(this.plane, -factor);
    else if (event.key === "PageDown" || event.key === ".") this.viewer.scroll(this.plane, factor);
    else if (event.key === "+" || event.key === "=") this.#zoom(1.25);
    else if (event.key === "-") this.#zoom(0.8);
    else if (event.key === "0") this.viewer.fit();
    else if (event.key === "Enter" || event.key === " ") this.viewer.tool.enter?.(this.viewer.cross, this);
    else return;
    event.preventDefault();
  }

  /** Move the crosshair by voxels as seen on the screen. @param {number} right @param {number} down */
  #nudge(right, down) {
    const frame = this.viewer.frame;
    const { horizontal, vertical } = frame.axes(this.plane);
    const index = frame.voxel(this.viewer.cross);
    index[horizontal] += frame.positive(horizontal) ? -right : right;
    index[vertical] += frame.positive(vertical) ? -down : down;
    this.viewer.moveTo(frame.ras(frame.clamp(index)));
  }

  // — drawing —

  /** Canvas matrix of a slice: from its pixels' corners. @param {import("./slices.js").Slice} slice */
  matrix(slice) {
    const frame = this.viewer.frame;
    const at = (/** @type {number} */ c, /** @type {number} */ r) => {
      const ras = slice.affine.slice(0, 3).map((row) => row[0] * c + row[1] * r + row[3]);
      return this.#onCanvas(frame.toPlane(this.plane, apply(frame.inverse, ras)));
    };
    const origin = at(-0.5, -0.5);
    const right = at(0.5, -0.5);
    const down = at(-0.5, 0.5);
    return new DOMMatrix([
      right[0] - origin[0], right[1] - origin[1], down[0] - origin[0], down[1] - origin[1], origin[0], origin[1],
    ]);
  }

  draw() {
    if (!this.picture.width) return;
    const context = /** @type {CanvasRenderingContext2D} */ (this.picture.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, this.picture.width, this.picture.height);
    const image = this.#drawImage(context);
    this.#drawLabels(context);
    this.#tell(image);
    this.drawOver();
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawImage(context) {
    const slice = this.viewer.imageSlice(this.plane);
    if (!slice) return false;
    const matrix = this.matrix(slice);
    context.setTransform(matrix);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(grey(slice, this.viewer.window), 0, 0);
    context.setTransform(1, 0, 0, 1, 0, 0);
    return true;
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawLabels(context) {
    const ratio = this.ratio ?? 1;
    for (const layer of this.viewer.shown()) {
      const slice = this.viewer.labelSlice(layer.source, this.plane);
      if (!slice) continue;
      slice.paths ??= contours(layer.merged ? merged(slice.values) : slice.values, slice.width, slice.height);
      const matrix = this.matrix(slice);
      for (const [label, path] of slice.paths) {
        const style = layer.style(label);
        if (style) paint(context, path, matrix, style, ratio);
      }
      if (layer.numbered) this.#numbers(context, slice, matrix, layer);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {any} slice @param {DOMMatrix} matrix @param {any} layer */
  #numbers(context, slice, matrix, layer) {
    const ratio = this.ratio ?? 1;
    context.font = `600 ${11 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    slice.tips ??= tips(slice);
    for (const [label, [x, y]] of slice.tips) {
      const style = layer.style(label);
      if (!style) continue;
      const point = matrix.transformPoint({ x, y });
      context.lineWidth = 3 * ratio;
      context.strokeStyle = "rgba(0,0,0,.8)";
      context.strokeText(String(label), point.x + 5 * ratio, point.y - 5 * ratio);
      context.fillStyle = style.line;
      context.fillText(String(label), point.x + 5 * ratio, point.y - 5 * ratio);
    }
  }

  /** @param {boolean} image */
  #tell(image) {
    const frame = this.viewer.frame;
    const { across } = frame.axes(this.plane);
    const ras = this.viewer.cross[frame.world[across]];
    this.position.textContent = WORDS.position(this.plane, this.slice + 1, frame.shape[across], ras);
    const failed = this.viewer.imageFailed(this.plane);
    const inside = this.viewer.imageInside(this.plane);
    this.note.textContent = image ? "" : failed ? WORDS.sliceFailed : inside ? WORDS.sliceLoading : this.viewer.pictured ? WORDS.outsidePreview : "";
    this.host.classList.toggle("waiting", !image && !failed && inside);
  }

  drawOver() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.over.getContext("2d"));
    const ratio = this.ratio ?? 1;
    context.clearRect(0, 0, this.over.width, this.over.height);
    this.#crosshair(context, ratio);
    this.#scaleBar(context, ratio);
    this.viewer.tool.drawOver?.(context, this, ratio);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} ratio */
  #crosshair(context, ratio) {
    const [x, y] = this.toCanvas(this.viewer.cross).map(Math.round);
    const gap = 9 * ratio;
    context.strokeStyle = "rgba(255,255,255,.55)";
    context.lineWidth = ratio;
    context.beginPath();
    for (const [x0, y0, x1, y1] of [[0, y, x - gap, y], [x + gap, y, this.over.width, y], [x, 0, x, y - gap], [x, y + gap, x, this.over.height]]) {
      context.moveTo(x0 + 0.5, y0 + 0.5);
      context.lineTo(x1 + 0.5, y1 + 0.5);
    }
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} ratio */
  #scaleBar(context, ratio) {
    const mm = [100, 50, 20, 10, 5].find((each) => each * this.scale < this.over.width * 0.3) ?? 5;
    const x = 10 * ratio;
    const y = this.over.height - 24 * ratio;
    context.fillStyle = "rgba(255,255,255,.75)";
    context.fillRect(x, y, mm * this.scale, 2 * ratio);
    context.font = `${10 * ratio}px system-ui, sans-serif`;
    context.fillText(WORDS.millimetres(mm), x, y - 4 * ratio);
  }
}

/** Everything that is not 0 as one label. @param {ArrayLike<number>} values */
function merged(values) {
  return Uint8Array.from(values, (value) => (value ? 1 : 0));
}

/** Upper right tip of each label of a slice: where its number stands. @param {any} slice */
function tips(slice) {
  /** @type {Map<number, [number, number, number]>} */
  const sums = new Map();
  for (let y = 0, at = 0; y < slice.height; y += 1) {
    for (let x = 0; x < slice.width; x += 1, at += 1) {
      const label = slice.values[at];
      if (!label) continue;
      const sum = sums.get(label);
      if (!sum) sums.set(label, [x, y, 1]);
      else { sum[0] += x; sum[1] += y; sum[2] += 1; }
    }
  }
  return new Map([...sums].map(([label, [x, y, n]]) => [label, [x / n + 0.5, y / n + 0.5]]));
}

/** The slice as a grey picture in a window. @param {import("./slices.js").Slice} slice @param {{low: number, high: number}} window */
function grey(slice, window) {
  const name = `${window.low}/${window.high}`;
  if (slice.canvas && slice.window === name) return slice.canvas;
  const canvas = slice.canvas ?? h("canvas", { width: slice.width, height: slice.height });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(slice.width, slice.height);
  const pixels = new Uint32Array(picture.data.buffer);
  const factor = 255 / Math.max(window.high - window.low, 1e-6);
  const values = slice.values;
  for (let at = 0; at < pixels.length; at += 1) {
    const value = (values[at] - window.low) * factor;
    const level = value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
    pixels[at] = 0xff000000 | (level << 16) | (level << 8) | level;
  }
  context.putImageData(picture, 0, 0);
  slice.canvas = canvas;
  slice.window = name;
  return canvas;
}

/** @type {Map<string, CanvasPattern|null>} */
const patterns = new Map();

/** Diagonal lines of a colour. @param {CanvasRenderingContext2D} context @param {string} colour @param {number} ratio */
function hatch(context, colour, ratio) {
  const name = `${colour} ${ratio}`;
  const kept = patterns.get(name);
  if (kept) return kept;
  const size = Math.round(HATCH_STEP * ratio);
  const tile = h("canvas", { width: size, height: size });
  const brush = tile.getContext("2d");
  brush.strokeStyle = colour;
  brush.lineWidth = 1.4 * ratio;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift - 1, size + 1);
    brush.lineTo(shift + size + 1, -1);
  }
  brush.stroke();
  const pattern = context.createPattern(tile, "repeat");
  patterns.set(name, pattern);
  return pattern;
}

/**
 * @typedef {{line: string, width?: number, dash?: number[], fill?: string, alpha?: number, hatch?: string}} Style
 * @param {CanvasRenderingContext2D} context @param {Path2D} path @param {DOMMatrix} matrix @param {Style} style @param {number} ratio
 */
function paint(context, path, matrix, style, ratio) {
  const placed = new Path2D();
  placed.addPath(path, matrix);
  if (style.fill) {
    context.globalAlpha = style.alpha ?? 0.3;
    context.fillStyle = style.fill;
    context.fill(placed);
  }
  if (style.hatch) {
    context.globalAlpha = Math.min(1, (style.alpha ?? 0.3) * 2);
    context.fillStyle = /** @type {CanvasPattern} */ (hatch(context, style.hatch, ratio));
    context.fill(placed);
  }
  context.globalAlpha = 1;
  if (!style.width) return;
  context.setLineDash((style.dash ?? []).map((length) => length * ratio));
  context.lineWidth = style.width * ratio;
  context.strokeStyle = style.line;
  context.stroke(placed);
  context.setLineDash([]);
}
