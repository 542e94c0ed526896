// @ts-check
/** What-if: one recipe, judged by the server with every change. */

import { change } from "./api.js";
import { byId, debounced, figureNodes, fill, h } from "./dom.js";
import { chip } from "./findings.js";
import { PlanShelf } from "./plans.js";
import { Recipe } from "./recipe.js";
import { Settings } from "./settings.js";
import { WORDS } from "./words.js";

const WAIT_MS = 60;
const LARGE = ["flr", "sflr", "debulked"];
const SMALL = ["flr_measured", "flr_body_weight", "residual", "removed", "ablated"];

export class PlanPanel {
  /** @param {import("./case.js").Review} review */
  constructor(review) {
    this.review = review;
    this.recipe = new Recipe();
    review.recipe = this.recipe;
    this.order = review.case.segments.map((/** @type {any} */ segment) => segment.name);
    /** @type {any} */
    this.answer = null;
    this.asked = 0;
    this.soon = debounced(() => this.#judge(), WAIT_MS);
    const { choice, patient, facts } = this.#settings();
    this.choice = choice;
    this.patient = patient;
    this.facts = facts;
    this.shelf = new PlanShelf(this);
    this.#listen();
    this.show();
    this.soon();
  }

  #listen() {
    byId("plan-clear").addEventListener("click", () => this.take(new Recipe()));
    byId("plan-pick").addEventListener("change", () => this.review.dispatchEvent(new Event("tool")));
    this.review.addEventListener("selection", () => this.#showLesions());
    this.review.addEventListener("lesions", () => { this.#showLesions(); });
    this.review.addEventListener("revision", () => this.soon());
  }

  #settings() {
    const { options, patient } = this.review.case;
    const formulas = (/** @type {any[]} */ all) => all.map(({ id, title }) => ({ value: id, title }));
    const changed = () => this.soon();
    const choice = Object.entries(options.choice).filter(([name]) => name !== "rule_set");
    const margins = new Settings(byId("plan-choice"), choice.map(([name, each]) => fieldOf(name, each)), changed);
    const person = new Settings(byId("plan-patient"), [
      ...options.patient.map((/** @type {any} */ field) => fieldOf(field.name, { ...field, value: patient[field.name] })),
      { name: "formula", title: "Formula of the standardised volume", kind: "choice", choices: formulas(options.formulas), value: options.formula ?? null },
      { name: "rule_set", title: "Rule set that decides", kind: "choice", choices: formulas(options.rule_sets), value: options.choice.rule_set.value },
    ], changed);
    const facts = new Settings(byId("plan-facts"), options.facts.map((/** @type {any} */ fact) => fieldOf(fact.name, fact)), changed);
    return { choice: margins, patient: person, facts };
  }

  /** What the server is asked to judge. @param {Recipe} [recipe] */
  question(recipe = this.recipe) {
    const { formula, rule_set: rules, ...patient } = this.patient.differing;
    return {
      recipe: recipe.asJson(this.order),
      choice: { ...this.choice.differing, ...(rules ? { rule_set: rules } : {}) },
      patient,
      ...(formula ? { formula } : {}),
      facts: this.facts.differing,
    };
  }

  /** Put another recipe on the table. @param {Recipe} recipe */
  take(recipe) {
    this.recipe = recipe;
    this.review.recipe = recipe;
    this.changed();
  }

  /** Judge with the margins, patient and facts that a saved plan was judged with. @param {any} asked */
  takeAsked(asked) {
    const { rule_set: rules, ...choice } = asked.choice ?? {};
    this.choice.take(choice);
    this.patient.take({ ...asked.patient, ...(asked.formula ? { formula: asked.formula } : {}), ...(rules ? { rule_set: rules } : {}) });
    this.facts.take(asked.facts);
    this.soon();
  }

  /** The recipe was changed. */
  changed() {
    this.show();
    this.review.dispatchEvent(new Event("recipe"));
    this.soon();
  }

  async #judge() {
    if (this.review.case.not_judged) return;
    this.running?.abort();
    this.running = new AbortController();
    const mine = (this.asked += 1);
    byId("plan-figures").dataset.old = "true";
    try {
      const answer = await change("POST", `${this.review.base}/what-if`, this.question(), undefined, this.running.signal);
      if (mine !== this.asked) return;
      this.answer = answer;
      this.wrong = "";
      this.review.setPlanKey(this.recipe.isEmpty ? null : answer.plan_map ?? null);
    } catch (error) {
      if (mine !== this.asked || (error instanceof DOMException && error.name === "AbortError")) return;
      this.wrong = WORDS.sentences(WORDS.whatIfFailed, /** @type {any} */ (error).message, /** @type {any} */ (error).whatToDo);
    }
    this.#showAnswer();
    this.review.dispatchEvent(new Event("judged"));
  }

  // — picture —

  /** The tool that chooses by click, while this panel is open and wants it. @returns {import("./viewer.js").Tool|null} */
  tool() {
    if (this.review.tab !== "plan" || !byId("plan-pick").checked) return null;
    const { viewer } = this.review;
    return {
      name: "choose",
      move: (/** @type {any} */ ras) => viewer.moveTo(ras),
      up: (/** @type {any} */ ras, /** @type {any} */ _view, /** @type {any} */ _event, /** @type {boolean} */ moved) => {
        if (!moved) { viewer.moveTo(ras); this.#pickSoon(ras); }
      },
      enter: (/** @type {any} */ ras) => this.#pickSoon(ras),
    };
  }

  /** Choose what lies at a point, as soon as its labels are here. @param {any} ras */
  #pickSoon(ras, tries = 25) {
    const { viewer, layers } = this.review;
    const lesion = viewer.labelAt(layers.source("lesions"), ras);
    const segment = viewer.labelAt(layers.source("segments"), ras);
    const known = lesion !== null && (segment !== null || !this.order.length);
    if (!known) {
      if (tries) setTimeout(() => this.#pickSoon(ras, tries - 1), 80);
      return;
    }
    if (lesion) this.recipe.cycle(lesion);
    else {
      const told = this.review.case.segments.find((/** @type {any} */ each) => each.code === segment);
      if (!told) return;
      this.recipe.toggle(told.name);
    }
    this.changed();
  }

  // — panel —

  show() {
    this.#showSegments();
    this.#showLesions();
    this.#showAnswer();
  }

  #showSegments() {
    const cut = new Set(this.answer?.cut_off?.segments ?? []);
    const buttons = this.review.case.segments.map((/** @type {any} */ segment) => h("button", {
      type: "button", "data-key": `segment-${segment.name}`, "data-segment": segment.name, "data-cut": String(cut.has(segment.name)),
      "aria-pressed": String(this.recipe.segments.has(segment.name)),
      onclick: () => { this.recipe.toggle(segment.name); this.changed(); },
    },
    h("span", { class: "swatch", "--swatch": segment.colour }), h("b", { text: segment.name }),
    h("small", { text: cut.has(segment.name) ? WORDS.cutOff : segment.volume.written })));
    fill(byId("plan-segments"), ...(buttons.length ? buttons : [h("p", { class: "empty", text: WORDS.noSegments })]));
  }

  #showLesions() {
    const rows = this.review.lesions.filter((/** @type {any} */ lesion) => lesion.state !== "rejected").map((/** @type {any} */ lesion) => this.#lesion(lesion));
    fill(byId("plan-lesions"), ...(rows.length ? rows : [h("p", { class: "empty", text: WORDS.noLesions })]));
  }

  /** @param {any} lesion */
  #lesion(lesion) {
    const fate = this.recipe.fate(lesion.id);
    const fates = Object.entries(WORDS.fates).map(([value, title]) => h("label", {},
      h("input", {
        type: "radio", name: `fate-${lesion.id}`, value, checked: fate === value, "data-key": `fate-${lesion.id}-${value}`,
        onchange: () => { this.recipe.setFate(lesion.id, value); this.changed(); },
      }), h("span", { text: title })));
    return h("div", { class: "treat", "data-lesion": lesion.id },
      h("button", { type: "button", class: "jump", "aria-label": WORDS.jumpTo(lesion.id), "data-key": `jump-${lesion.id}`, onclick: () => this.review.select(lesion.id) }, chip(lesion)),
      h("span", { class: "words", text: [lesion.segment, lesion.longest?.written, lesion.volume?.written].filter(Boolean).join(" · ") },
        WORDS.fateNow[this.answer?.fates?.[lesion.id]] && h("br"), WORDS.fateNow[this.answer?.fates?.[lesion.id]] && h("small", { class: "hint", text: WORDS.fateNow[this.answer.fates[lesion.id]] })),
      h("div", { class: "fates", role: "radiogroup", "aria-label": WORDS.fateOf(lesion.id) }, ...fates));
  }

  #showAnswer() {
    const { answer } = this;
    const box = byId("plan-figures");
    box.dataset.old = String(!answer && !this.review.case.not_judged);
    box.hidden = Boolean(this.review.case.not_judged);
    const cell = (/** @type {string} */ name) => answer?.figures[name] && h("div", { "data-figure": name, title: answer.figures[name].reason || null },
      h("div", { class: "label", text: WORDS.figures[name] }), h("div", { class: "value", text: answer.figures[name].written }),
      h("div", { class: "interval", text: answer.figures[name].interval }));
    fill(box, ...LARGE.map((name) => cell(name)));
    fill(byId("plan-more"), ...SMALL.filter((name) => answer?.figures[name]).flatMap((name) => [
      h("dt", { text: WORDS.figures[name] }), h("dd", { "data-figure": name, title: answer.figures[name].reason || null }, ...figureNodes(answer.figures[name]))]));
    fill(byId("plan-warnings"), ...(answer?.warnings ?? []).map((/** @type {string} */ text) => h("p", { class: "caution", text })));
    fill(byId("plan-notes"), ...this.#notes());
    const open = new Set([...document.querySelectorAll("#plan-verdicts details[open]")].map((each) => /** @type {any} */ (each).dataset.key));
    fill(byId("plan-verdicts"), ...this.#verdicts());
    for (const each of document.querySelectorAll("#plan-verdicts details")) if (open.has(/** @type {any} */ (each).dataset.key)) /** @type {any} */ (each).open = true;
    this.#showSegments();
    this.#showLesions();
  }

  #notes() {
    const { answer } = this;
    if (this.review.case.not_judged) return [h("p", { class: "caution", text: WORDS.sentences(this.review.case.not_judged) })];
    if (this.wrong) return [h("p", { class: "caution", role: "alert", text: this.wrong })];
    if (!answer) return [h("p", { class: "hint", text: WORDS.thinking })];
    const cut = answer.cut_off?.words;
    return [
      this.recipe.isEmpty ? h("p", { class: "hint", text: WORDS.nothingChosen }) : h("p", { class: "hint", text: WORDS.interventions(answer.interventions) }),
      cut && h("p", { class: answer.cut_off.segments.length ? "cut" : "hint", text: cut }),
      answer.vessels && h("p", { class: "hint", text: answer.vessels }),
    ];
  }

  #verdicts() {
    const said = new Set(this.answer?.warnings ?? []);
    const verdicts = (this.answer?.verdicts ?? []).filter((/** @type {any} */ verdict) => !said.has(verdict.words));
    if (this.answer && !verdicts.length) return [h("p", { class: "empty", text: WORDS.verdictsNone })];
    return [...verdicts].sort((a, b) => Number(b.chosen) - Number(a.chosen)).map(verdictRow);
  }
}

/** A field of a form as the server describes it. @param {string} name @param {any} told @returns {import("./settings.js").Field} */
function fieldOf(name, told) {
  const blank = told.blank === "unknown" ? WORDS.unknown : told.blank === "none" ? WORDS.noLimit : undefined;
  return {
    name, title: WORDS.title(told.title ?? told.question), kind: told.kind, unit: told.unit, least: told.least, most: told.most, value: told.value ?? null,
    choices: told.choices?.length ? told.choices.map((/** @type {string} */ value) => ({ value, title: value.replaceAll("_", " ") })) : null,
    unknown: blank, allowed: told.allowed,
  };
}

/** @param {any} verdict */
function verdictRow(verdict) {
  return h("div", { class: "verdict", "data-verdict": verdict.verdict, "data-id": verdict.id },
    h("span", { class: "sign", "aria-hidden": "true", text: verdict.sign }),
    h("div", {},
      h("b", { text: verdict.title }), verdict.chosen && h("span", { class: "chosen", text: WORDS.chosenRule }), h("br"),
      h("span", { text: WORDS.verdict(verdict) }),
      h("details", { class: "why", "data-key": `why-${verdict.id}` }, h("summary", { text: WORDS.why }),
        h("p", { text: verdict.words }), verdict.reason && h("p", { text: verdict.reason }),
        verdict.source && h("p", { text: WORDS.source(verdict.source) }))));
}
