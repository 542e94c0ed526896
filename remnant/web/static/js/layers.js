// @ts-check
/** What is drawn over the scan, in which colours and lines. */

import { byId, fill, h } from "./dom.js";

export const COLOURS = {
  liver: "#5ad1e6", lesion: "#ffb02e", rejected: "#b8b8b8", removed: "#ff5a5f", ablated: "#c58bff", stays: "#7ee0a0",
  portal: "#b48cf2", hepatic: "#5b9bff",
};
const DASH = [5, 3];
const NAMED = /** @type {const} */ ([
  { name: "liver", source: "structures", title: "Liver", swatch: "line", colour: COLOURS.liver },
  { name: "lesions", source: "lesions", title: "Lesions", swatch: "line", colour: COLOURS.lesion },
  { name: "segments", source: "couinaud", title: "Segments", swatch: "many", colour: "" },
  { name: "vessels", source: "vessels", title: "Vessels", swatch: "", colour: COLOURS.portal },
  { name: "plan", source: "plan", title: "Plan", swatch: "hatch", colour: COLOURS.removed },
]);
const DRAFTED = new Set(["structures", "lesions", "couinaud"]);

/** Whether a lesion's state was confirmed by a reader. @param {string} state */
export function isConfirmed(state) {
  return state === "confirmed";
}

export class Layers {
  /** @param {import("./case.js").Review} review */
  constructor(review) {
    this.review = review;
    this.visible = new Set(["liver", "lesions", "plan", "vessels"]);
    this.opacity = 0.3;
    this.offered = NAMED.filter(({ source }) => source === "plan" || review.case.layers.includes(source));
    this.lesions = new Map();
    this.takeCase();
    this.#buttons();
    byId("opacity").addEventListener("input", (/** @type {any} */ event) => {
      this.opacity = Number(event.target.value) / 100;
      review.viewer.redraw();
    });
  }

  /** Lesions and segments as they are told now. */
  takeCase() {
    this.lesions = new Map(this.review.lesions.map((/** @type {any} */ lesion) => [lesion.id, lesion]));
    this.segments = new Map(this.review.case.segments.map((/** @type {any} */ segment) => [segment.code, segment]));
    this.vessels = new Map((this.review.case.structures ?? []).map((/** @type {any} */ vessel) => [vessel.label, vessel]));
  }

  #buttons() {
    fill(byId("layers"), ...this.offered.map(({ name, title, swatch, colour }) =>
      h("button", {
        type: "button", class: "layer", "data-layer": name, "data-key": name, "aria-pressed": String(this.visible.has(name)),
        onclick: () => this.toggle(name),
      }, h("span", { class: `swatch ${swatch}`, "--swatch": colour }), title)));
  }

  /** @param {string} name @param {boolean} [on] */
  toggle(name, on = !this.visible.has(name)) {
    if (on) this.visible.add(name);
    else this.visible.delete(name);
    this.#buttons();
    this.review.viewer.changed();
  }

  /** Layers that are drawn, the lowest first. @returns {import("./viewer.js").Layer[]} */
  shown() {
    const styles = /** @type {Record<string, (label: number) => any>} */ ({
      segments: (label) => this.#segment(label),
      plan: (label) => this.#plan(label),
      liver: () => ({ line: COLOURS.liver, width: 1.4 }),
      vessels: (label) => this.#vessel(label),
      lesions: (label) => this.#lesion(label),
    });
    const order = ["segments", "plan", "liver", "vessels", "lesions"];
    return order.filter((name) => this.#isShown(name)).map((name) => ({
      source: this.source(name), style: styles[name], merged: name === "liver", numbered: name === "lesions",
    }));
  }

  /** Sources whose labels are told at the crosshair. */
  told() {
    return this.offered.filter(({ name }) => name !== "plan" && name !== "vessels").map(({ name }) => this.source(name));
  }

  /** @param {string} name */
  #isShown(name) {
    if (!this.visible.has(name) || !this.offered.some((layer) => layer.name === name)) return false;
    return name !== "plan" || Boolean(this.review.planKey);
  }

  /** Name of a layer on the server: the open correction's where there is one. @param {string} name */
  source(name) {
    const source = NAMED.find((layer) => layer.name === name)?.source ?? name;
    return this.review.draft && DRAFTED.has(source) ? `draft_${source}` : source;
  }

  /** @param {number} label */
  #segment(label) {
    const segment = this.segments?.get(label);
    return segment ? { line: segment.colour, width: 1, fill: segment.colour, alpha: this.opacity } : null;
  }

  /** @param {number} label */
  #plan(label) {
    if (label === 2) return { line: COLOURS.removed, width: 1.6, hatch: COLOURS.removed, fill: COLOURS.removed, alpha: this.opacity * 0.7 };
    if (label === 3) return { line: COLOURS.ablated, width: 1.6, fill: COLOURS.ablated, alpha: this.opacity };
    return null;
  }

  /** @param {number} label */
  #vessel(label) {
    const colour = this.vessels?.get(label)?.colour ?? COLOURS.portal;
    return { line: colour, width: 1, fill: colour, alpha: Math.min(1, this.opacity * 2) };
  }

  /** @param {number} label */
  #lesion(label) {
    const lesion = this.lesions.get(label);
    const rejected = lesion?.state === "rejected";
    const line = rejected ? COLOURS.rejected : COLOURS.lesion;
    const chosen = this.review.selected === label;
    return {
      line, width: chosen ? 2.4 : 1.6, dash: lesion && isConfirmed(lesion.state) ? [] : DASH,
      fill: rejected ? undefined : line, alpha: this.opacity * (chosen ? 0.9 : 0.45),
    };
  }
}
