// @ts-check
/** What is removed and ablated: segments by name, lesions by number. */

export class Recipe {
  /** @param {{segments?: string[], wedges?: number[], ablations?: number[]}} [told] */
  constructor(told = {}) {
    this.segments = new Set(told.segments ?? []);
    this.wedges = new Set(told.wedges ?? []);
    this.ablations = new Set(told.ablations ?? []);
  }

  get isEmpty() {
    return this.segments.size + this.wedges.size + this.ablations.size === 0;
  }

  /** @param {number} lesion @returns {"leave"|"wedge"|"ablate"} */
  fate(lesion) {
    return this.wedges.has(lesion) ? "wedge" : this.ablations.has(lesion) ? "ablate" : "leave";
  }

  /** @param {number} lesion @param {string} fate */
  setFate(lesion, fate) {
    this.wedges.delete(lesion);
    this.ablations.delete(lesion);
    if (fate === "wedge") this.wedges.add(lesion);
    if (fate === "ablate") this.ablations.add(lesion);
  }

  /** Leave, wedge, ablate, leave … @param {number} lesion */
  cycle(lesion) {
    this.setFate(lesion, { leave: "wedge", wedge: "ablate", ablate: "leave" }[this.fate(lesion)]);
  }

  /** @param {string} segment */
  toggle(segment) {
    if (!this.segments.delete(segment)) this.segments.add(segment);
  }

  /** As the server reads it; always in the same order. @param {string[]} order of the segments */
  asJson(order) {
    const byNumber = (/** @type {Set<number>} */ set) => [...set].sort((a, b) => a - b);
    return {
      segments: order.filter((name) => this.segments.has(name)), wedges: byNumber(this.wedges), ablations: byNumber(this.ablations),
    };
  }
}
