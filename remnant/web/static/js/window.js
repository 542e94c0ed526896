// @ts-check
/** Window presets: named ones for CT numbers, from the picture itself for MR. */

import { byId, fill, h } from "./dom.js";
import { WORDS } from "./words.js";

/** Level and width in HU. */
const CT = /** @type {Record<string, [number, number]>} */ ({
  liver: [80, 160], abdomen: [40, 400], lung: [-600, 1500], bone: [400, 1800],
});
const QUANTILES = [0.01, 0.995];

/** @param {import("./case.js").Review} review */
export function windowPresets(review) {
  const { viewer } = review;
  const hu = review.hasHu;
  const names = !viewer.pictured ? [] : hu ? Object.keys(CT) : review.case.scan.available ? ["auto", "wide"] : ["preview"];
  const apply = (/** @type {string} */ name) => {
    const ends = hu ? around(...CT[name]) : name === "preview" ? [0, 255] : measured(viewer, name === "auto");
    if (!ends) return false;
    chosen = name;
    viewer.setWindow(ends[0], ends[1]);
    return true;
  };
  if (!names.length) return;
  let chosen = hu ? "abdomen" : names[0];
  const show = () => {
    const { low, high } = viewer.window;
    byId("window-now").textContent = WORDS.windowNow((low + high) / 2, high - low, hu);
    const current = hu && CT[chosen] && String(around(...CT[chosen])) !== String([low, high]) ? "" : chosen;
    fill(byId("windows"), ...names.map((name) => h("button", {
      type: "button", "data-key": `w-${name}`, "data-window": name, "aria-pressed": String(name === current),
      text: WORDS.windows[/** @type {keyof typeof WORDS.windows} */ (name)], onclick: () => apply(name),
    })));
  };
  viewer.addEventListener("window", show);
  show();
  if (!apply(chosen)) {
    const wait = () => { if (apply(chosen)) viewer.store.removeEventListener("slice", wait); };
    viewer.store.addEventListener("slice", wait);
  }
}

/** @param {number} level @param {number} width */
function around(level, width) {
  return [level - width / 2, level + width / 2];
}

/** Ends of the grey values of the axial slice shown; `null` while it is not here. @param {import("./viewer.js").Viewer} viewer @param {boolean} narrow */
function measured(viewer, narrow) {
  const slice = viewer.imageSlice("axial");
  if (!slice) return null;
  const values = Float32Array.from(slice.values).sort();
  const [low, high] = narrow ? QUANTILES : [0, 1];
  const at = (/** @type {number} */ share) => values[Math.round(share * (values.length - 1))];
  return at(high) > at(low) ? [at(low), at(high)] : [at(low), at(low) + 1];
}
