// @ts-check
/** Corrections: strokes and decisions go to the server's draft, which answers with what holds then. */

import { ApiError, change, followJob, getJson } from "./api.js";
import { byId, fill, h, when } from "./dom.js";
import { chip } from "./findings.js";
import { WORDS } from "./words.js";

/** @typedef {import("./geometry.js").Vector} Vector */

const LAYERS = ["structures", "lesions", "couinaud"];
const TOOLS = ["look", "paint", "erase", "grow", "split", "box", "plane"];
const RADIUS = { least: 0.5, most: 30, value: 5 };
const NEW = "new";
const LANDMARK_PLANES = [
  { value: "main", title: "Main (Cantlie): IV | V, VIII" }, { value: "right", title: "Right hepatic vein: V, VIII | VI, VII" },
  { value: "umbilical", title: "Umbilical: II, III | IV" }, { value: "right_transverse", title: "Right transverse: V, VI | VII, VIII" },
  { value: "left_transverse", title: "Left transverse: II | III" },
];

export class CorrectPanel {
  /** @param {import("./case.js").Review} review */
  constructor(review) {
    this.review = review;
    this.name = "look";
    this.target = "lesion";
    this.radius = RADIUS.value;
    this.shape = "disc";
    this.planeName = LANDMARK_PLANES[0].value;
    /** @type {number|"new"} */
    this.lesion = NEW;
    /** @type {Set<number>} */
    this.ticked = new Set();
    /** @type {Vector[]} */
    this.points = [];
    /** Work that was asked for, one after the other. @type {Promise<any>} */
    this.queue = Promise.resolve();
    this.count = 0;
    this.#listen();
    this.#found();
    this.show();
  }

  get key() {
    return `remnant-draft-${this.review.id}`;
  }

  #listen() {
    const on = (/** @type {string} */ id, /** @type {() => any} */ action, event = "click") =>
      byId(id).addEventListener(event, (/** @type {Event} */ given) => { given.preventDefault(); action(); });
    on("draft-open", () => this.#open(false), "submit");
    on("draft-undo", () => this.#step("undo"));
    on("draft-redo", () => this.#step("redo"));
    on("draft-commit", () => this.#commit());
    on("draft-drop", () => { byId("drop-ask").textContent = WORDS.dropAsk; byId("drop").showModal(); });
    on("drop-no", () => byId("drop").close());
    on("drop-yes", () => { byId("drop").close(); this.#drop(); });
    this.review.addEventListener("selection", () => {
      if (this.review.selected !== null) this.lesion = this.review.selected;
      this.show();
    });
    this.review.addEventListener("tab", () => { if (this.review.tab === "correct") this.#history(); });
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const typing = event.target instanceof HTMLInputElement && event.target.type !== "checkbox" && event.target.type !== "radio";
    if (typing || this.review.tab !== "correct" || !this.review.draft) return;
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === "z") this.#step(event.shiftKey ? "redo" : "undo");
    else if (control && event.key.toLowerCase() === "y") this.#step("redo");
    else if (event.key === "[" || event.key === "]") this.#resize(event.key === "]" ? 1.25 : 0.8);
    else return;
    event.preventDefault();
  }

  /** @param {number} factor */
  #resize(factor) {
    this.radius = Math.min(Math.max(Math.round(this.radius * factor * 2) / 2, RADIUS.least), RADIUS.most);
    this.show();
    this.review.viewer.redraw();
  }

  // — the draft on the server —

  /** A correction that was open when the page came. */
  #found() {
    const told = this.review.case.draft;
    const kept = sessionStorage.getItem(this.key);
    if (!told) { sessionStorage.removeItem(this.key); return; }
    const mine = kept && JSON.parse(kept).draft === told.draft && !told.stale && !told.committing;
    if (mine) this.#taken(JSON.parse(kept), told);
    else this.other = told;
  }

  /** @param {{draft: string, by: string}} mine @param {any} told */
  #taken(mine, told) {
    this.other = null;
    this.review.draft = mine;
    sessionStorage.setItem(this.key, JSON.stringify(mine));
    this.#refresh(null);
    if (told?.lesions) this.#answered({ ...told, box: null });
    this.review.dispatchEvent(new Event("draft"));
  }

  /** @param {boolean} takeOver */
  async #open(takeOver) {
    const by = byId("draft-by").value.trim();
    if (!by) { this.review.say(WORDS.draftNeedsName); byId("draft-by").focus(); return; }
    try {
      const body = takeOver ? { by, take_over: true } : { by };
      const told = await change("POST", `${this.review.base}/draft`, body, this.review.revision);
      this.#taken({ draft: told.draft, by }, told);
    } catch (error) {
      const taken = error instanceof ApiError && error.status === 409 && error.answer?.by;
      if (taken) this.other = /** @type {ApiError} */ (error).answer;
      else this.review.fail(error);
    }
    this.show();
  }

  /** Ask for a change of the draft, after those before it. @param {string} path @param {any} more @returns {Promise<any>} */
  #ask(path, more = {}) {
    const work = this.queue.then(async () => {
      if (!this.review.draft) return null;
      const told = await change("POST", `${this.review.base}/draft/${path}`, { draft: this.review.draft.draft, ...more }, this.review.revision);
      byId("alert").hidden = true;
      this.#answered(told);
      return told;
    });
    this.queue = work.catch((error) => { this.review.fail(error); this.#lost(error); this.#state(); });
    byId("draft-state").textContent = WORDS.thinking;
    return this.queue;
  }

  /** Let go of a draft that another person holds by now. @param {any} error */
  #lost(error) {
    const taken = error instanceof ApiError && error.isConflict && error.answer?.by;
    if (!taken || !this.review.draft) return;
    sessionStorage.removeItem(this.key);
    this.review.draft = null;
    this.other = error.answer;
    this.told = null;
    this.review.setLesions(this.review.case.lesions);
    this.review.viewer.changed();
    this.review.dispatchEvent(new Event("draft"));
    this.show();
  }

  /** @param {any} op */
  op(op) {
    return this.#ask("ops", { op });
  }

  /** @param {"undo"|"redo"} way */
  #step(way) {
    return this.#ask(way);
  }

  /** @param {any} told */
  #answered(told) {
    this.told = told;
    this.#refresh(told.box ?? null);
    const before = new Set(this.review.lesions.map((/** @type {any} */ lesion) => lesion.id));
    if (told.lesions) this.review.setLesions(told.lesions);
    const [fresh] = (told.lesions ?? []).filter((/** @type {any} */ lesion) => !before.has(lesion.id));
    if (fresh && this.lesion === NEW) { this.lesion = fresh.id; this.review.select(fresh.id, false); }
    if (this.lesion !== NEW && !this.review.lesion(this.lesion)) this.lesion = NEW;
    this.show();
  }

  /** The draft's maps changed: fetch them anew, all or what the box touches. @param {[Vector, Vector]|null} box */
  #refresh(box) {
    this.count += 1;
    for (const layer of LAYERS) this.review.viewer.setVersion(`draft_${layer}`, `&v=d${this.count}`, box);
    this.review.viewer.changed();
  }

  async #commit() {
    const confirm = { liver: byId("confirm-liver").checked, segments: byId("confirm-segments").checked, lesions: byId("confirm-lesions").checked };
    await this.queue;
    const bar = byId("draft-progress");
    this.#busy(true);
    try {
      const told = await change("POST", `${this.review.base}/draft/commit`, { draft: this.review.draft.draft, confirm }, this.review.revision);
      await followJob(told.job, (state) => {
        byId("draft-state").textContent = state.stage || WORDS.committing;
        if (state.of) { bar.max = state.of; bar.value = state.done; } else bar.removeAttribute("value");
      }, new AbortController().signal);
      sessionStorage.removeItem(this.key);
      sessionStorage.setItem("remnant-after", JSON.stringify({ tab: "correct", message: WORDS.committed }));
      location.reload();
    } catch (error) {
      this.review.fail(error);
      this.#busy(false);
    }
  }

  /** @param {boolean} on */
  #busy(on) {
    byId("draft-progress").hidden = !on;
    byId("draft-state").textContent = on ? WORDS.committing : "";
    for (const id of ["draft-commit", "draft-drop", "draft-undo", "draft-redo"]) byId(id).disabled = on;
  }

  async #drop() {
    await this.queue;
    await this.#dropped(this.review.draft.draft);
  }

  /** @param {string} draft */
  async #dropped(draft) {
    const mine = this.review.draft;
    // From now on none of its slices is asked for: they are about to go.
    this.review.draft = null;
    this.review.viewer.changed();
    try {
      await change("DELETE", `${this.review.base}/draft`, { draft }, this.review.revision);
      sessionStorage.removeItem(this.key);
      this.other = null;
      this.told = null;
      this.review.setLesions(this.review.case.lesions);
      this.review.viewer.changed();
      this.review.say(WORDS.dropped);
      this.review.dispatchEvent(new Event("draft"));
      this.show();
    } catch (error) {
      this.review.draft = mine;
      this.review.fail(error);
    }
  }

  async #history() {
    try {
      const versions = await getJson(`${this.review.base}/history`);
      const rows = [...versions].reverse().map((each) => h("div", { class: "version" },
        h("b", { text: WORDS.version(each.version) }), ` ${[when(each.at), each.by].filter(Boolean).join(" · ")}`, h("br"),
        each.what.join("; "), each.changed_voxels ? h("small", { text: ` · ${WORDS.changedVoxels(each.changed_voxels)}` }) : ""));
      fill(byId("history"), ...(rows.length ? rows : [h("p", { class: "empty", text: WORDS.historyNone })]));
    } catch (error) {
      fill(byId("history"), h("p", { class: "caution", text: /** @type {any} */ (error).message }));
    }
  }

  // — panel —

  show() {
    const { draft } = this.review;
    this.#banner();
    byId("draft-open").hidden = Boolean(draft) || Boolean(this.other?.stale || this.other?.committing);
    byId("draft-work").hidden = !draft;
    if (!draft) return;
    fill(byId("draft-tools"), ...TOOLS.filter((name) => name !== "plane" || this.review.case.segments.length).map((name) => h("button", {
      type: "button", role: "radio", "aria-checked": String(this.name === name), "data-key": `tool-${name}`, "data-tool": name,
      text: WORDS.tools[name], onclick: () => this.choose(name),
    })));
    byId("draft-help").textContent = WORDS.toolHelp[this.name];
    this.#options();
    this.#lesions();
    this.#state();
  }

  #banner() {
    const { draft } = this.review;
    const banner = byId("draft-banner");
    banner.dataset.state = draft ? "mine" : this.other ? "other" : "none";
    const { other } = this;
    const text = draft ? WORDS.draftMine(draft.by) : !other ? WORDS.draftNone : other.stale ? WORDS.draftStale(other.by)
      : other.committing ? WORDS.draftCommitting(other.by) : WORDS.draftOther(other.by, when(other.since));
    fill(banner, h("span", { text }),
      !draft && other?.stale && h("button", { type: "button", text: "Drop it", onclick: () => this.#dropped(other.draft) }),
      !draft && other && !other.stale && !other.committing && h("button", { type: "button", text: "Take it over", onclick: () => this.#open(true) }));
  }

  /** @param {string} name */
  choose(name) {
    this.name = name;
    this.points = [];
    this.show();
    if (name === "plane") this.review.layers.toggle("segments", true);
    this.review.dispatchEvent(new Event("tool"));
  }

  #options() {
    const brush = this.name === "paint" || this.name === "erase";
    const chooses = brush || this.name === "grow";
    const lesions = [...(this.name === "split" ? [] : [{ value: NEW, title: this.name === "erase" ? WORDS.lesionAny : WORDS.lesionNew }]),
      ...this.review.lesions.map((/** @type {any} */ lesion) => ({ value: String(lesion.id), title: WORDS.lesionNumber(lesion.id) }))];
    const set = (/** @type {(value: string) => void} */ action) => (/** @type {any} */ event) => { action(event.target.value); this.show(); };
    fill(byId("draft-options"),
      brush && choice("draft-target", "What", this.target, [{ value: "lesion", title: "lesion" }, { value: "liver", title: "liver" }], set((value) => { this.target = value; })),
      (this.name === "grow" || this.name === "split" || (chooses && this.target === "lesion")) &&
        choice("draft-lesion", "Which", String(this.lesion), lesions, set((value) => { this.#pickLesion(value); })),
      brush && choice("draft-shape", "Brush", this.shape, [{ value: "disc", title: "this slice (2-D)" }, { value: "ball", title: "ball (3-D)" }], set((value) => { this.shape = value; })),
      brush && this.#size(),
      this.name === "plane" && choice("draft-plane", "Plane", this.planeName, LANDMARK_PLANES, set((value) => { this.planeName = value; })),
      this.name === "plane" && h("div", { class: "row" }, h("span", { class: "hint", text: WORDS.pickPoints(this.points.length) }),
        h("button", { type: "button", disabled: this.points.length < 3, text: "Apply", "data-key": "plane-apply", onclick: () => this.#movePlane() }),
        h("button", { type: "button", class: "quiet", disabled: !this.points.length, text: "Clear points", onclick: () => { this.points = []; this.show(); this.review.viewer.redraw(); } })));
  }

  /** @param {string} value */
  #pickLesion(value) {
    this.lesion = value === NEW ? NEW : Number(value);
    if (this.lesion !== NEW) this.review.select(this.lesion);
  }

  #size() {
    return h("div", { class: "field" }, h("label", { for: "draft-radius", text: "Radius ([ and ])" }),
      h("span", { class: "with-unit" }, h("input", {
        id: "draft-radius", type: "range", min: RADIUS.least, max: RADIUS.most, step: "0.5", value: String(this.radius), "data-key": "radius",
        oninput: (/** @type {any} */ event) => { this.radius = Number(event.target.value); byId("draft-radius-now").textContent = `${this.radius} mm`; },
      }), h("output", { id: "draft-radius-now", class: "hint", text: `${this.radius} mm` })));
  }

  #lesions() {
    const rows = this.review.lesions.map((/** @type {any} */ lesion) => h("div", { class: "pick", "data-lesion": lesion.id },
      h("input", {
        type: "checkbox", checked: this.ticked.has(lesion.id), "aria-label": `Tick lesion ${lesion.id}`, "data-key": `tick-${lesion.id}`,
        onchange: (/** @type {any} */ event) => { if (event.target.checked) this.ticked.add(lesion.id); else this.ticked.delete(lesion.id); },
      }),
      h("button", { type: "button", class: "quiet", "aria-label": WORDS.jumpTo(lesion.id), "data-key": `go-${lesion.id}`, onclick: () => this.review.select(lesion.id) }, chip(lesion)),
      h("span", { text: [WORDS.state(lesion.state), lesion.segment].filter(Boolean).join(" · ") }),
      h("span", { class: "number", text: lesion.volume?.written ?? "" })));
    fill(byId("draft-lesions"), ...(rows.length ? rows : [h("p", { class: "empty", text: WORDS.noLesions })]));
    const button = (/** @type {string} */ text, /** @type {() => any} */ action, kind = "") =>
      h("button", { type: "button", class: kind, text, "data-key": `do-${text}`, onclick: action });
    fill(byId("draft-actions"),
      button("Confirm", () => this.#decide("confirm")), button("Reject", () => this.#decide("reject")), button("Unset", () => this.#decide("unset")),
      button("Merge", () => this.#merge()), button("Delete", () => this.#delete(), "danger"));
  }

  /** Lesions that are ticked, else the chosen one. */
  #chosen() {
    const here = [...this.ticked].filter((id) => this.review.lesion(id));
    if (here.length) return here;
    return this.lesion === NEW ? [] : [this.lesion];
  }

  /** @param {string} what */
  #decide(what) {
    const lesions = this.#chosen();
    if (!lesions.length) { this.review.say(WORDS.chooseLesion); return; }
    this.op({ do: what, lesions });
    this.ticked.clear();
  }

  #merge() {
    const lesions = this.#chosen();
    if (lesions.length < 2) { this.review.say(WORDS.chooseTwo); return; }
    this.op({ do: "merge", lesions });
    this.ticked.clear();
  }

  async #delete() {
    const lesions = this.#chosen();
    if (!lesions.length) { this.review.say(WORDS.chooseLesion); return; }
    this.ticked.clear();
    for (const lesion of lesions) await this.op({ do: "delete", lesion });
  }

  #state() {
    const { told } = this;
    byId("draft-undo").disabled = !told?.step;
    byId("draft-redo").disabled = !(told?.kept > told?.step);
    byId("draft-commit").disabled = !told?.step;
    byId("draft-state").textContent = told?.burden
      ? `${WORDS.steps(told.step)} · ${WORDS.quick(told.burden.written, told.liver_ml.written)}`
      : "";
  }

  async #movePlane() {
    const told = await this.op({ do: "move_plane", plane: this.planeName, points_ras_mm: this.points });
    if (!told) return; // refused: the points stay, so that one can be added
    this.points = [];
    this.show();
    this.review.layers.toggle("segments", true);
  }

  // — tools on the picture —

  /** The tool for the planes while a correction is open here. @returns {import("./viewer.js").Tool|null} */
  tool() {
    if (this.review.tab !== "correct" || !this.review.draft || this.name === "look") return null;
    const tools = /** @type {Record<string, () => any>} */ ({
      paint: () => this.#brush(), erase: () => this.#brush(), grow: () => this.#grow(), split: () => this.#line(), box: () => this.#box(), plane: () => this.#plane(),
    });
    return { name: this.name, ...tools[this.name]() };
  }

  #brush() {
    /** @type {Vector[]} */
    let stroke = [];
    /** @type {any} */
    let where = null;
    const send = (/** @type {Vector[]} */ points, /** @type {any} */ view) => {
      this.op({
        do: this.name, target: this.target, ...(this.target === "lesion" ? { lesion: this.lesion } : {}),
        points_ras_mm: points, radius_mm: this.radius, shape: this.shape, plane: view.plane,
      });
    };
    return {
      down: (/** @type {Vector} */ ras, /** @type {any} */ view) => { stroke = [ras]; where = view; view.drawOver(); },
      move: (/** @type {Vector} */ ras) => {
        if (!stroke.length) return;
        const last = stroke[stroke.length - 1];
        if (Math.hypot(...ras.map((x, axis) => x - last[axis])) > Math.max(this.radius / 4, 0.3)) stroke.push(ras);
      },
      up: (/** @type {Vector} */ _ras, /** @type {any} */ view) => { if (stroke.length) send(stroke, view); stroke = []; },
      enter: (/** @type {Vector} */ ras, /** @type {any} */ view) => send([ras], view),
      drawOver: (/** @type {CanvasRenderingContext2D} */ context, /** @type {any} */ view, /** @type {number} */ ratio) => {
        if (where === view && stroke.length) trail(context, stroke.map((ras) => view.toCanvas(ras)), this.radius * view.scale, this.name === "erase");
        if (view.pointer) ring(context, view.pointer, this.radius * view.scale, ratio);
      },
    };
  }

  #grow() {
    const grow = (/** @type {Vector} */ ras) => { this.review.viewer.moveTo(ras); this.op({ do: "grow", seed_ras_mm: ras, lesion: this.lesion }); };
    return { up: (/** @type {Vector} */ ras) => grow(ras), enter: grow };
  }

  /** Drag from one point to another. @param {(from: Vector, to: Vector, view: any) => void} done @param {(context: any, from: number[], to: number[]) => void} draw */
  #drag(done, draw) {
    /** @type {Vector|null} */
    let from = null;
    /** @type {Vector|null} */
    let to = null;
    /** @type {any} */
    let where = null;
    return {
      down: (/** @type {Vector} */ ras, /** @type {any} */ view) => { from = ras; to = ras; where = view; },
      move: (/** @type {Vector} */ ras) => { to = ras; },
      up: (/** @type {Vector} */ ras, /** @type {any} */ view, /** @type {any} */ _event, /** @type {boolean} */ moved) => {
        if (from && moved) done(from, ras, view);
        from = null;
        view.drawOver();
      },
      drawOver: (/** @type {CanvasRenderingContext2D} */ context, /** @type {any} */ view, /** @type {number} */ ratio) => {
        if (!from || !to || where !== view) return;
        context.strokeStyle = "#fff";
        context.lineWidth = 1.5 * ratio;
        context.setLineDash([4 * ratio, 3 * ratio]);
        draw(context, view.toCanvas(from), view.toCanvas(to));
        context.setLineDash([]);
      },
    };
  }

  #line() {
    return this.#drag((from, to, view) => {
      if (this.lesion === NEW) { this.review.say(WORDS.chooseLesion); return; }
      this.op({ do: "split", lesion: this.lesion, line_ras_mm: [from, to], plane: view.plane });
    }, (context, [x0, y0], [x1, y1]) => { context.beginPath(); context.moveTo(x0, y0); context.lineTo(x1, y1); context.stroke(); });
  }

  #box() {
    return this.#drag((from, to, view) => {
      const { frame } = this.review.viewer;
      const { across } = frame.axes(view.plane);
      const world = frame.world[across];
      const low = from.map((x, axis) => Math.min(x, to[axis]));
      const high = from.map((x, axis) => Math.max(x, to[axis]));
      const sides = low.map((x, axis) => high[axis] - x).filter((_, axis) => axis !== world);
      const half = (sides[0] + sides[1]) / 4;
      low[world] -= half;
      high[world] += half;
      this.op({ do: "box", kind: "lesion", low_ras_mm: low, high_ras_mm: high });
    }, (context, [x0, y0], [x1, y1]) => context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)));
  }

  #plane() {
    const add = (/** @type {Vector} */ ras) => { this.points.push(ras); this.review.viewer.moveTo(ras); this.show(); };
    return {
      up: (/** @type {Vector} */ ras) => add(ras),
      enter: add,
      drawOver: (/** @type {CanvasRenderingContext2D} */ context, /** @type {any} */ view, /** @type {number} */ ratio) => {
        context.fillStyle = context.strokeStyle = "#fff";
        context.lineWidth = 1.2 * ratio;
        for (const ras of this.points) {
          const [x, y] = view.toCanvas(ras);
          context.beginPath();
          context.arc(x, y, 4 * ratio, 0, 2 * Math.PI);
          if (view.sliceOf(ras) === view.slice) context.fill();
          else context.stroke(); // marked on another slice
        }
      },
    };
  }
}

/** @param {string} id @param {string} title @param {string} value @param {{value: string, title: string}[]} choices @param {(event: any) => void} onchange */
function choice(id, title, value, choices, onchange) {
  const select = h("select", { id, "data-key": id, onchange }, ...choices.map((each) => h("option", { value: each.value, text: each.title })));
  select.value = value;
  return h("div", { class: "field" }, h("label", { for: id, text: title }), select);
}

/** @param {CanvasRenderingContext2D} context @param {[number, number]} at @param {number} radius @param {number} ratio */
function ring(context, [x, y], radius, ratio) {
  context.strokeStyle = "rgba(255,255,255,.9)";
  context.lineWidth = 1.2 * ratio;
  context.beginPath();
  context.arc(x, y, Math.max(radius, 1), 0, 2 * Math.PI);
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {[number, number][]} points @param {number} radius @param {boolean} erases */
function trail(context, points, radius, erases) {
  context.strokeStyle = erases ? "rgba(255,90,95,.45)" : "rgba(255,176,46,.45)";
  context.lineWidth = 2 * Math.max(radius, 1);
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
  context.moveTo(points[0][0], points[0][1]);
  for (const [x, y] of points) context.lineTo(x + 0.01, y);
  context.stroke();
  context.lineCap = "butt";
}
