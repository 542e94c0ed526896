// @ts-check
/** Surfaces in 3-D by NiiVue, loaded only when somebody asks for them. */

import { byId, debounced, fill, h } from "./dom.js";
import { ApiError, getRaw } from "./api.js";
import { COLOURS, isConfirmed } from "./layers.js";
import { WORDS } from "./words.js";

/** Bone and filled vessels: what is seen of the scan around the surfaces. */
const DENSE = { cal_min: 140, cal_max: 700 };
/** More are one surface of one colour: each of its own takes its time. */
const MOST_LESIONS = 40;
/** The plan's surfaces follow once nobody has changed it for so long. */
const PLAN_WAIT_MS = 500;
const PLAN = "plan";
/** Status of an answer about a part of a plan that there is nothing of. */
const NOTHING = 204;
const NIIVUE = "/static/vendor/niivue-0.69.0/index.js";

/** @param {string} colour `#rrggbb` @param {number} alpha */
function rgba(colour, alpha) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)).concat(Math.round(alpha * 255));
}

export class SceneView {
  /** @param {import("./case.js").Review} review */
  constructor(review) {
    this.review = review;
    this.host = byId("plane-scene");
    /** @type {Map<string, any>} */
    this.meshes = new Map();
    this.parts = new Set(["liver", "lesions", PLAN]);
    this.replan = debounced(() => this.#replan(), PLAN_WAIT_MS);
    byId("scene-open").addEventListener("click", () => this.open());
    review.addEventListener("recipe", () => this.recolour());
    review.addEventListener("plan", () => { if (this.niivue) this.replan(); });
    review.addEventListener("revision", () => this.#forget());
  }

  async open() {
    const start = byId("scene-start");
    fill(start, h("p", { text: WORDS.sceneLoading }));
    try {
      await this.#start();
      start.hidden = true;
    } catch (error) {
      fill(start, h("p", { text: `${WORDS.sceneFailed} ${/** @type {any} */ (error).message ?? ""}` }));
      console.warn(error);
    }
  }

  async #start() {
    if (!document.createElement("canvas").getContext("webgl2")) throw new Error(WORDS.sceneNoGl);
    this.library = await import(NIIVUE);
    const canvas = h("canvas", { "aria-label": "3-D picture: drag to turn, wheel to zoom", role: "img", tabindex: "0" });
    this.host.prepend(canvas);
    this.niivue = new this.library.Niivue({
      backColor: [0.05, 0.075, 0.09, 1], show3Dcrosshair: false, isOrientCube: true, logLevel: "error",
      loadingText: "", dragAndDropEnabled: false, isColorbar: false, meshXRay: 0.35, isRadiologicalConvention: true,
    });
    await this.niivue.attachToCanvas(canvas);
    this.niivue.setSliceType(this.library.SLICE_TYPE.RENDER);
    this.#tools();
    await this.#load();
    this.niivue.setRenderAzimuthElevation(180, 12);
    performance.mark("remnant-scene");
    this.host.dataset.ready = "true";
  }

  #tools() {
    const segments = this.review.case.segments.length > 0;
    const offered = [["liver", "liver"], ["lesions", "lesions"], ...(segments ? [["segments", "segments"], [PLAN, PLAN]] : []),
      ...(this.#names("vessels").length ? [["vessels", "vessels"]] : []), ...(this.review.case.scan.available ? [["scan", "scan"]] : [])];
    const box = h("div", { class: "scene-tools", role: "group", "aria-label": "Parts in 3-D" }, ...offered.map(([name, title]) =>
      h("label", { class: "check" }, h("input", {
        type: "checkbox", checked: this.parts.has(name), onchange: (/** @type {any} */ event) => this.#toggle(name, event.target.checked),
      }), title)));
    this.host.append(box, h("button", {
      type: "button", class: "wide", title: WORDS.widen, "aria-label": "Show the 3-D picture alone, or all", text: "⤢",
      onclick: () => this.review.viewer.widen("scene"),
    }));
  }

  /** @param {string} name @param {boolean} on */
  async #toggle(name, on) {
    if (on) this.parts.add(name);
    else this.parts.delete(name);
    try {
      await (name === "scan" ? this.#scan(on) : this.#load());
    } catch (error) {
      this.review.fail(error, WORDS.sceneFailed);
    }
  }

  /** Names of the meshes of a part. @param {string} part */
  #names(part) {
    const { case: told, lesions } = this.review;
    const names = /** @type {Record<string, () => string[]>} */ ({
      liver: () => ["liver"],
      lesions: () => (lesions.length > MOST_LESIONS ? ["lesions"] : lesions
        .filter((/** @type {any} */ each) => each.state !== "rejected").map((/** @type {any} */ each) => `lesion-${each.id}`)),
      segments: () => told.segments.map((/** @type {any} */ each) => `segment-${each.code}`),
      plan: () => (this.review.planKey ? ["plan-removed", "plan-ablated"] : []),
      vessels: () => (told.layers.includes("vessels") ? ["vessels-portal", "vessels-hepatic"] : []),
    });
    return names[part]?.() ?? [];
  }

  /** Another plan is on the table: the surfaces of the one before go. */
  async #replan() {
    for (const [name, mesh] of [...this.meshes]) {
      if (!name.startsWith(PLAN)) continue;
      this.niivue.removeMesh(mesh);
      this.meshes.delete(name);
    }
    try {
      await this.#load();
    } catch (error) {
      this.review.fail(error, WORDS.sceneFailed);
    }
  }

  /** Fetch what is wanted and not here, and show just that. */
  async #load() {
    const wanted = [...this.parts].flatMap((part) => this.#names(part));
    const missing = wanted.filter((name) => !this.meshes.has(name));
    await Promise.all(missing.map((name) => this.#fetch(name)));
    this.wanted = new Set(wanted);
    this.recolour();
  }

  /** @param {string} name */
  async #fetch(name) {
    const { planKey } = this.review;
    const [kind, part] = name.split("-");
    const file = kind === PLAN ? `${PLAN}.mz3?plan=${encodeURIComponent(planKey ?? "")}&part=${part}` : `${name}.mz3`;
    const url = `${this.review.base}/meshes/${file}`;
    let response;
    try {
      response = await getRaw(url);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return;
      throw error;
    }
    if (response.status === NOTHING) return;
    const buffer = await response.arrayBuffer();
    if (kind === PLAN && planKey !== this.review.planKey) return; // of a plan that is no longer on the table
    const style = Uint8Array.from(this.#style(name));
    const mesh = await this.library.NVMesh.readMesh(buffer, `${name}.mz3`, this.niivue.gl, 1, style, true);
    this.meshes.set(name, mesh);
  }

  /** Colour of a mesh with the plan on the table. @param {string} name @returns {number[]} */
  #style(name) {
    const { review } = this;
    const [kind, number] = name.split("-");
    const segmented = this.parts.has("segments");
    if (kind === "liver") return rgba("#d99a86", segmented ? 0 : 0.3);
    if (kind === "lesions") return rgba("#ffd08a", 1);
    if (kind === "lesion") return this.#lesionStyle(Number(number));
    if (kind === PLAN) return number === "ablated" ? rgba(COLOURS.ablated, 0.6) : rgba(COLOURS.removed, 0.5);
    if (kind === "vessels") return rgba(name.endsWith("portal") ? COLOURS.portal : COLOURS.hepatic, 1);
    const segment = review.case.segments.find((/** @type {any} */ each) => each.code === Number(number));
    const removed = review.recipe?.segments.has(segment?.name);
    return removed ? rgba(COLOURS.removed, 0.4) : rgba(segment?.colour ?? "#cccccc", 0.5);
  }

  /** @param {number} id */
  #lesionStyle(id) {
    const { recipe } = this.review;
    if (recipe?.wedges.has(id)) return rgba(COLOURS.removed, 1);
    if (recipe?.ablations.has(id)) return rgba(COLOURS.ablated, 1);
    const lesion = this.review.lesion(id);
    return lesion && !isConfirmed(lesion.state) ? rgba("#ffd08a", 1) : rgba(COLOURS.lesion, 1);
  }

  recolour() {
    if (!this.niivue) return;
    for (const [name, mesh] of this.meshes) {
      const style = this.#style(name);
      mesh.rgba255 = Uint8Array.from(style);
      mesh.opacity = style[3] / 255;
      mesh.visible = this.wanted?.has(name) && style[3] > 0;
      mesh.updateMesh(this.niivue.gl);
    }
    // The opaque ones first: what is seen through has to be drawn over them.
    this.niivue.meshes = [...this.meshes.values()].sort((a, b) => b.opacity - a.opacity);
    this.niivue.updateGLVolume();
  }

  /** @param {boolean} on */
  async #scan(on) {
    if (on && !this.volume) {
      this.volume = await this.niivue.addVolumeFromUrl({
        url: `${this.review.base}/volumes/image.nii.gz?detail=preview`, name: "image.nii.gz", colormap: "gray",
        ...(this.review.hasHu ? DENSE : {}), opacity: 1,
      });
    } else if (this.volume) {
      this.niivue.setOpacity(0, on ? 1 : 0);
    }
  }

  /** The case changed: its surfaces are made anew. */
  #forget() {
    if (!this.niivue) return;
    for (const mesh of [...this.niivue.meshes]) this.niivue.removeMesh(mesh);
    this.meshes.clear();
    this.#load().catch((error) => this.review.fail(error, WORDS.sceneFailed));
  }
}
