// @ts-check
/** The page of one case: what all its parts share, and how they are put together. */

import { ApiError, getJson } from "./api.js";
import { CorrectPanel } from "./correct.js";
import { byId, debounced, figureNodes, fill, h, themeButton } from "./dom.js";
import { Layers } from "./layers.js";
import { lesionList, showSummary } from "./findings.js";
import { PlanPanel } from "./plan.js";
import { SceneView } from "./scene.js";
import { lookTool, Viewer } from "./viewer.js";
import { loadVolume } from "./volume.js";
import { windowPresets } from "./window.js";
import { WORDS } from "./words.js";

/** @typedef {import("./geometry.js").Vector} Vector */

/** The case as the server told it, and what is chosen on the page. */
export class Review extends EventTarget {
  /** @param {string} id @param {any} told */
  constructor(id, told) {
    super();
    this.id = id;
    this.base = `/api/cases/${encodeURIComponent(id)}`;
    this.case = told;
    this.revision = told.revision;
    this.lesions = told.lesions;
    /** @type {number|null} */
    this.selected = null;
    /** Key of the plan's map on the server. @type {string|null} */
    this.planKey = null;
    /** The correction that is open here. @type {any} */
    this.draft = null;
    this.tab = "lesions";
    /** The plan on the table. @type {import("./recipe.js").Recipe|null} */
    this.recipe = null;
    /** Whether a person has moved the crosshair. */
    this.moved = false;
    /** @type {Viewer} */
    this.viewer = /** @type {any} */ (null);
    /** @type {Layers} */
    this.layers = /** @type {any} */ (null);
  }

  /** Whether grey values are CT numbers. */
  get hasHu() {
    return this.case.scan.available && String(this.case.scan.modality).toLowerCase() === "ct";
  }

  /** @param {number} id */
  lesion(id) {
    return this.lesions.find((/** @type {any} */ lesion) => lesion.id === id);
  }

  /** Choose a lesion and go there. @param {number|null} id @param {boolean} [jump] */
  select(id, jump = true) {
    this.selected = id;
    const lesion = id === null ? null : this.lesion(id);
    if (lesion && jump) this.viewer.moveTo(this.viewer.frame.ras(this.viewer.frame.clamp(this.viewer.frame.voxel(lesion.centre_ras_mm))));
    this.dispatchEvent(new Event("selection"));
    this.viewer.redraw();
  }

  /** Lesions as a correction left them. @param {any[]} lesions */
  setLesions(lesions) {
    this.lesions = lesions;
    this.layers.takeCase();
    this.dispatchEvent(new Event("lesions"));
    this.viewer.redraw();
  }

  /** @param {string|null} key */
  setPlanKey(key) {
    if (key === this.planKey) return;
    this.planKey = key;
    if (key) this.viewer.setVersion("plan", `&plan=${encodeURIComponent(key)}`);
    this.viewer.changed();
    this.dispatchEvent(new Event("plan"));
  }

  /** Say something for a moment. @param {string} text */
  say(text) {
    const toast = byId("message");
    toast.textContent = text;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => { toast.textContent = ""; }, 4500);
  }

  /** Show what went wrong; a conflict asks for a reload. @param {unknown} error @param {string} [before] */
  fail(error, before = "") {
    if (error instanceof DOMException && error.name === "AbortError") return;
    const { message, whatToDo = "" } = /** @type {any} */ (error);
    const conflict = error instanceof ApiError && error.isConflict;
    const text = conflict ? WORDS.sentences(WORDS.conflict, message) : WORDS.sentences(before, message, whatToDo);
    showAlert(text, conflict);
    if (!(error instanceof ApiError)) console.error(error);
  }
}

/** @param {string} text @param {boolean} reload */
function showAlert(text, reload) {
  const alert = byId("alert");
  alert.hidden = false;
  fill(alert, h("span", { text }),
    reload && h("button", { type: "button", text: WORDS.reload, onclick: () => location.reload() }),
    h("button", { type: "button", class: "quiet", "aria-label": "Close", text: "✕", onclick: () => { alert.hidden = true; } }));
}

/** @param {Review} review */
function showHeader(review) {
  const { case: told } = review;
  document.title = `${told.name} · remnant`;
  byId("case-name").textContent = told.name;
  byId("case-facts").textContent = [told.scan.modality?.toUpperCase(), told.scan.phase ?? told.phase].filter((x) => x && x !== "unknown").join(" · ");
  const status = byId("case-status");
  status.textContent = WORDS.status[told.status] ?? told.status;
  status.dataset.status = told.status;
  status.hidden = false;
  const rows = /** @type {[string, any][]} */ ([["Liver", told.figures.tlv], ["Burden", told.figures.burden]]);
  fill(byId("case-figures"), ...rows.filter(([, figure]) => figure).map(([name, figure]) =>
    h("div", {}, h("dt", { text: name }), h("dd", {}, ...figureNodes(figure)))));
  fill(byId("download-list"), ...told.downloads.map((/** @type {any} */ each) =>
    h("li", {}, h("a", { href: `${review.base}/downloads/${encodeURIComponent(each.name)}`, download: each.name, text: each.title }))));
  byId("downloads").hidden = told.downloads.length === 0;
  document.addEventListener("click", (event) => {
    const menu = byId("downloads");
    if (menu.open && !menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
  });
}

/** @param {Review} review */
function tabs(review) {
  const buttons = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll('[role="tab"]')]);
  const show = (/** @type {HTMLButtonElement} */ chosen) => {
    for (const button of buttons) {
      const on = button === chosen;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      byId(/** @type {string} */ (button.getAttribute("aria-controls"))).hidden = !on;
    }
    review.tab = chosen.id.replace("tab-", "");
    review.dispatchEvent(new Event("tab"));
  };
  buttons.forEach((button, at) => {
    button.addEventListener("click", () => show(button));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = buttons[(at + step + buttons.length) % buttons.length];
      next.focus();
      show(next);
    });
  });
}

/** What lies at the crosshair, in words. @param {Review} review */
function atCrosshair(review) {
  const { viewer, layers } = review;
  const value = viewer.imageAt(viewer.cross);
  const [r, a, s] = viewer.cross.map(WORDS.signed);
  const lesion = review.lesion(viewer.labelAt(layers.source("lesions"), viewer.cross) ?? 0);
  const segment = review.case.segments.find((/** @type {any} */ each) => each.code === viewer.labelAt(layers.source("segments"), viewer.cross));
  const liver = viewer.labelAt(layers.source("liver"), viewer.cross);
  const known = viewer.labelAt(layers.source("segments"), viewer.cross) !== null;
  const where = segment ? WORDS.segment(segment.name) : liver === 0 ? WORDS.outsideLiver : liver && known ? WORDS.inLiver : "";
  const what = [lesion && WORDS.lesionAt(lesion), where].filter(Boolean).join(" · ");
  const place = [`R ${r}  A ${a}  S ${s} mm`, greyAt(review, value)].filter(Boolean).join(" · ");
  return [h("span", { text: place }), what && " · ", what && h("span", { class: "what", text: what })];
}

/** The scan's value in words; nothing where there is no picture. @param {Review} review @param {number|null} value */
function greyAt(review, value) {
  if (!review.viewer.pictured) return "";
  const { imageFrame, cross } = review.viewer;
  if (!imageFrame.holds(imageFrame.voxel(cross))) return WORDS.notScanned;
  if (value === null) return WORDS.sliceLoading;
  const whole = WORDS.whole(value);
  return review.hasHu ? `${whole} HU` : review.case.scan.available ? whole : `${WORDS.previewGrey} ${whole}`;
}

/** @param {Review} review */
function crosshairLine(review) {
  const line = byId("cross");
  const show = debounced(() => fill(line, ...atCrosshair(review)), 60);
  review.viewer.addEventListener("cross", show);
  review.viewer.store.addEventListener("slice", show);
  show();
}

/** @param {Review} review */
async function fullVolume(review) {
  const line = byId("loading");
  if (!review.case.scan.available) return;
  line.textContent = WORDS.fullFollows;
  try {
    await review.viewer.loadVolume(new AbortController().signal);
    line.textContent = WORDS.fullHere;
    const { volume } = review.viewer;
    if (volume && !review.lesions.length && !review.moved) review.viewer.moveTo(middle(volume.frame));
    performance.mark("remnant-full-volume");
  } catch (error) {
    line.textContent = WORDS.fullFailed;
    console.warn(error);
  }
}

/** Note when all three planes first show the scan. @param {Review} review */
function markPlanes(review) {
  const { viewer } = review;
  const check = () => {
    if (!/** @type {const} */ (["axial", "coronal", "sagittal"]).every((plane) => viewer.imageSlice(plane) || !viewer.imageInside(plane))) return;
    performance.mark("remnant-planes");
    byId("planes").dataset.ready = "true";
    viewer.removeEventListener("drawn", check);
    fullVolume(review);
  };
  viewer.addEventListener("drawn", check);
}

/** @param {Review} review */
async function buildViewer(review) {
  const { available } = review.case.scan;
  const pictured = review.case.layers.includes("image");
  const preview = available || !pictured ? null : await loadVolume(`${review.base}/volumes/image.nii.gz?detail=preview`);
  const hosts = { axial: byId("plane-axial"), coronal: byId("plane-coronal"), sagittal: byId("plane-sagittal") };
  review.viewer = new Viewer({ base: review.base, case: review.case, hosts, grid: byId("planes"), preview, pictured });
  const { viewer } = review;
  for (const layer of ["image", "structures", "lesions", "couinaud", "vessels"]) {
    viewer.store.setVersion(layer, `&v=${encodeURIComponent(review.revision)}`);
  }
  review.layers = new Layers(review);
  viewer.shown = () => review.layers.shown();
  viewer.told = () => review.layers.told();
  viewer.tool = lookTool(viewer);
  byId("fit-all").addEventListener("click", () => viewer.fit());
  byId("fit-liver").addEventListener("click", () => viewer.fit(viewer.liverBox));
  byId("no-scan").hidden = available;
  byId("no-scan").textContent = pictured ? WORDS.noScan : WORDS.noPicture;
  windowPresets(review);
  markPlanes(review);
  crosshairLine(review);
}

/** @param {import("./geometry.js").Frame} frame @returns {Vector} */
function middle(frame) {
  return frame.ras(/** @type {Vector} */ (frame.shape.map((n) => Math.floor(n / 2))));
}

/** Where the crosshair begins: in the largest lesion, else in the middle of the scan. @param {Review} review */
function begin(review) {
  const [first] = [...review.lesions].sort((a, b) => (b.volume?.value ?? 0) - (a.volume?.value ?? 0));
  if (first) review.select(first.id);
  else review.viewer.moveTo(middle(review.viewer.imageFrame));
  review.viewer.addEventListener("cross", () => { review.moved = true; }, { once: true });
}

async function start() {
  themeButton(byId("theme"));
  const id = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop() ?? "");
  const review = new Review(id, await getJson(`/api/cases/${encodeURIComponent(id)}`));
  byId("opening").hidden = true;
  byId("stage").hidden = false;
  showHeader(review);
  tabs(review);
  showSummary(review);
  if (!review.case.scan.affine_ras) {
    byId("planes").hidden = true;
    byId("no-scan").hidden = false;
    byId("no-scan").textContent = [WORDS.notMeasured, review.case.reason].filter(Boolean).join(" ");
    return;
  }
  await buildViewer(review);
  lesionList(review);
  new SceneView(review);
  const plan = new PlanPanel(review);
  const correct = new CorrectPanel(review);
  const tool = () => { review.viewer.tool = correct.tool() ?? plan.tool() ?? lookTool(review.viewer); review.viewer.redraw(); };
  for (const name of ["tab", "tool", "draft"]) review.addEventListener(name, tool);
  tool();
  begin(review);
  after(review);
}

/** Say what was done before the page was loaded anew, in the panel where it was done. @param {Review} review */
function after(review) {
  const kept = sessionStorage.getItem("remnant-after");
  if (!kept) return;
  sessionStorage.removeItem("remnant-after");
  const { tab, message } = JSON.parse(kept);
  byId(`tab-${tab}`).click();
  review.say(message);
}

start().catch((error) => {
  const { message, whatToDo = "" } = error;
  byId("opening").hidden = true;
  showAlert(WORDS.sentences(WORDS.loadFailed, message, whatToDo), true);
  if (!(error instanceof ApiError)) console.error(error);
});
