// @ts-check
/** Lesions and figures of the case, as measured. */

import { byId, figureNodes, fill, h } from "./dom.js";
import { isConfirmed } from "./layers.js";
import { WORDS } from "./words.js";

/** @typedef {import("./case.js").Review} Review */

/** Number of a lesion in its line: dashed where no reader confirmed it. @param {any} lesion */
export function chip(lesion) {
  return h("span", { class: "chip", "data-solid": String(isConfirmed(lesion.state)), "data-state": lesion.state, text: String(lesion.id) });
}

/** How deep a lesion lies. @param {any} lesion */
function depth(lesion) {
  const known = lesion.to_surface;
  return known && known.value !== null ? WORDS.toSurface(known.written) : "";
}

/** @param {Review} review @param {any} lesion */
function lesionRow(review, lesion) {
  const words = [WORDS.state(lesion.state), lesion.counted ? "" : WORDS.notCounted, depth(lesion)].filter(Boolean).join(" · ");
  return h("button", {
    type: "button", class: "lesion", "data-key": `lesion-${lesion.id}`, "data-lesion": lesion.id,
    "aria-current": review.selected === lesion.id ? "true" : null,
    onclick: () => review.select(lesion.id),
  },
  h("span", { class: "unseen", text: WORDS.lesionWord }), chip(lesion),
  h("span", {}, [lesion.segment && WORDS.segment(lesion.segment), lesion.longest?.written].filter(Boolean).join(" · "), h("br"), h("small", { text: words })),
  h("span", { class: "amount", text: lesion.volume?.written ?? "" }));
}

/** @param {Review} review */
export function lesionList(review) {
  const show = () => {
    const rows = review.lesions.map((/** @type {any} */ lesion) => lesionRow(review, lesion));
    fill(byId("lesion-list"), ...(rows.length ? rows : [h("p", { class: "empty", text: WORDS.noLesions })]));
  };
  review.addEventListener("selection", show);
  review.addEventListener("lesions", show);
  show();
}

/** @param {string} name @param {any[]} value */
function pair(name, ...value) {
  return [h("dt", { text: name }), h("dd", {}, ...value)];
}

/** Headline, figures, segments and scan. @param {Review} review */
export function showSummary(review) {
  const { case: told } = review;
  fill(byId("headline"), ...told.headline.map((/** @type {string} */ line) => h("li", { text: line })));
  byId("review-note").hidden = !told.review;
  byId("review-note").textContent = told.review;
  const named = { tlv: "Liver", functional_tlv: "Liver without tumour", tumour: "Tumour", burden: "Burden" };
  fill(byId("summary-figures"), ...Object.entries(named).filter(([key]) => told.figures[key]).flatMap(([key, name]) => pair(name, ...figureNodes(told.figures[key]))));
  fill(byId("summary-segments"), told.segments.length ? segmentTable(told.segments) : h("p", { class: "empty", text: WORDS.noSegments }));
  const { scan } = told;
  fill(byId("summary-scan"),
    ...pair("At hand", scan.available ? WORDS.yes : WORDS.no),
    ...(scan.shape ? pair("Voxels", scan.shape.join(" × ")) : []),
    ...(scan.spacing_mm ? pair("Size of a voxel", `${scan.spacing_mm.map((/** @type {number} */ x) => Number(x.toFixed(3))).join(" × ")} mm`) : []),
    ...(scan.axes ? pair("Axes of the source", scan.axes) : []),
    ...(scan.phase ? pair("Phase", scan.phase) : []));
}

/** @param {any[]} segments */
function segmentTable(segments) {
  return h("table", {}, h("tbody", {}, ...segments.map((segment) => h("tr", {},
    h("th", { scope: "row" }, h("span", { class: "layer" }, h("span", { class: "swatch", "--swatch": segment.colour }), segment.name)),
    h("td", { class: "number" }, ...figureNodes(segment.volume)),
    h("td", { text: segment.reviewed ? "reviewed" : "not reviewed" })))));
}
