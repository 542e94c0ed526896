// @ts-check
/** Plans that are there: saved, found by the planner, compared side by side. */

import { change, followJob } from "./api.js";
import { byId, fill, h, when } from "./dom.js";
import { Recipe } from "./recipe.js";
import { WORDS } from "./words.js";

const MOST = 3;
const NOW = "now";

export class PlanShelf {
  /** @param {import("./plan.js").PlanPanel} panel */
  constructor(panel) {
    this.panel = panel;
    this.review = panel.review;
    this.plans = [...this.review.case.plans];
    /** @type {Set<string>} */
    this.picked = new Set();
    this.#listen();
    this.show();
  }

  #listen() {
    byId("plan-save").addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.#save(); });
    byId("search-start").addEventListener("click", () => this.#search());
    byId("search-stop").addEventListener("click", () => this.#stop());
    byId("compare-open").addEventListener("click", () => this.#compare());
    byId("compare-close").addEventListener("click", () => byId("compare").close());
    this.review.addEventListener("recipe", () => this.show());
    this.review.addEventListener("revision", () => { this.plans = [...this.review.case.plans]; this.show(); });
  }

  show() {
    const now = { id: NOW, title: WORDS.compareNow, recipe: this.panel.recipe.asJson(this.panel.order) };
    const saved = this.plans.filter((plan) => plan.origin === "saved").reverse();
    const found = this.plans.filter((plan) => plan.origin !== "saved");
    const rows = [now, ...saved, ...found].map((plan) => this.#row(plan));
    fill(byId("plan-list"), ...rows, !this.plans.length && h("p", { class: "empty", text: WORDS.plansNone }));
    const closed = Boolean(this.review.case.not_judged);
    byId("compare-open").disabled = closed || this.picked.size < 2;
    byId("search-start").disabled = closed || !byId("search-stop").hidden;
    byId("save-plan").disabled = closed;
  }

  /** @param {any} plan */
  #row(plan) {
    const about = [WORDS.origins[plan.origin] ?? plan.origin, plan.by, when(plan.saved_at), plan.figures?.flr?.written].filter(Boolean).join(" · ");
    const same = plan.id !== NOW && JSON.stringify(plan.recipe) === JSON.stringify(this.panel.recipe.asJson(this.panel.order));
    return h("div", { class: "plan", "data-plan": plan.id, "data-now": String(same) },
      h("input", {
        type: "checkbox", checked: this.picked.has(plan.id), "aria-label": `Compare ${plan.title}`, "data-key": `pick-${plan.id}`,
        onchange: (/** @type {any} */ event) => this.#pick(plan.id, event.target),
      }),
      h("span", {}, plan.title, about && h("br"), about && h("small", { text: about })),
      plan.id !== NOW && h("button", {
        type: "button", text: "Show", "aria-label": `Put ${plan.title} on the table`, "data-key": `show-${plan.id}`, onclick: () => this.#take(plan),
      }));
  }

  /** @param {string} id @param {HTMLInputElement} box */
  #pick(id, box) {
    if (box.checked && this.picked.size >= MOST) {
      box.checked = false;
      byId("compare-hint").textContent = WORDS.compareMost;
      return;
    }
    if (box.checked) this.picked.add(id);
    else this.picked.delete(id);
    byId("compare-open").disabled = this.picked.size < 2;
  }

  /** @param {any} plan */
  #take(plan) {
    this.panel.take(new Recipe(plan.recipe));
    if (plan.asked) this.panel.takeAsked(plan.asked);
    this.review.say(WORDS.planLoaded(plan.title));
  }

  async #save() {
    const [name, by] = [byId("save-name").value.trim(), byId("save-by").value.trim()];
    if (!name || !by) { this.review.say(WORDS.saveNeeds); byId(name ? "save-by" : "save-name").focus(); return; }
    try {
      const told = await change("POST", `${this.review.base}/plans`, { name, by, ...this.panel.question() }, this.review.revision);
      if (told.revision) this.review.revision = told.revision;
      this.plans.push({ title: name, by, origin: "saved", recipe: this.panel.recipe.asJson(this.panel.order), figures: this.panel.answer?.figures, ...told });
      byId("save-name").value = "";
      this.review.say(WORDS.saved(name));
      this.show();
    } catch (error) {
      this.review.fail(error);
    }
  }

  // — planner —

  async #search() {
    this.searching = new AbortController();
    this.job = null;
    this.begun = performance.now();
    this.#running(true);
    try {
      const { job } = await change("POST", `${this.review.base}/search`, this.panel.question(), this.review.revision);
      this.job = job;
      if (this.searching.signal.aborted) await this.#cancel(); // stopped before the search had a name
      const done = await followJob(job, (state) => this.#progress(state), this.searching.signal);
      this.plans = [...this.plans.filter((plan) => plan.origin === "saved"), ...done.plans];
      byId("search-state").textContent = WORDS.searchDone(done.plans.length);
      this.show();
    } catch (error) {
      const stopped = this.searching.signal.aborted;
      byId("search-state").textContent = stopped ? WORDS.searchStopped : "";
      if (!stopped) this.review.fail(error);
    } finally {
      this.#running(false);
    }
  }

  /** @param {any} state */
  #progress(state) {
    const bar = byId("search-progress");
    byId("search-state").textContent = WORDS.searching(Math.round((performance.now() - this.begun) / 1000));
    if (state.of > 1) { bar.max = state.of; bar.value = state.done; } else bar.removeAttribute("value");
  }

  /** @param {boolean} on */
  #running(on) {
    byId("search-progress").hidden = !on;
    byId("search-stop").hidden = !on;
    byId("search-start").disabled = on;
  }

  async #stop() {
    this.searching?.abort();
    if (this.job) await this.#cancel();
  }

  async #cancel() {
    try {
      await change("DELETE", `/api/jobs/${encodeURIComponent(this.job)}`, undefined);
    } catch (error) {
      this.review.fail(error);
    }
  }

  // — comparison —

  async #compare() {
    const chosen = [...this.picked].map((id) => (id === NOW
      ? { id, title: WORDS.compareNow, recipe: this.panel.recipe.asJson(this.panel.order) }
      : this.plans.find((plan) => plan.id === id))).filter(Boolean);
    try {
      const answers = await Promise.all(chosen.map((plan) =>
        change("POST", `${this.review.base}/what-if`, this.panel.question(new Recipe(plan.recipe)))));
      fill(byId("compare-table"), table(chosen, answers));
      byId("compare").showModal();
    } catch (error) {
      this.review.fail(error);
    }
  }
}

/** @param {any[]} list */
function listed(list) {
  return list?.length ? list.join(", ") : WORDS.none;
}

/** Rows of the comparison: name and one text for each plan. @param {any[]} answers @returns {[string, string[], string[]?][]} */
function rowsOf(answers) {
  const names = WORDS.compareRows;
  const figures = Object.keys(WORDS.figures).filter((name) => answers.some((answer) => answer.figures[name]));
  const rules = [...new Map(answers.flatMap((answer) => answer.verdicts).map((verdict) => [verdict.id, verdict.title]))];
  return [
    [names.segments, answers.map((answer) => listed(answer.recipe.segments))],
    [names.wedges, answers.map((answer) => listed(answer.recipe.wedges))],
    [names.ablations, answers.map((answer) => listed(answer.recipe.ablations))],
    [names.interventions, answers.map((answer) => String(answer.interventions))],
    ...figures.map((name) => /** @type {[string, string[], string[]]} */ ([
      WORDS.figures[name], answers.map((answer) => answer.figures[name]?.written ?? "–"), answers.map((answer) => answer.figures[name]?.interval ?? ""),
    ])),
    [names.cut_off, answers.map((answer) => listed(answer.cut_off?.segments))],
    ...rules.map(([id, title]) => /** @type {[string, string[]]} */ ([title, answers.map((answer) => {
      const verdict = answer.verdicts.find((/** @type {any} */ each) => each.id === id);
      return verdict ? `${verdict.sign} ${WORDS.verdict(verdict)}` : "–";
    })])),
  ];
}

/** @param {any[]} plans @param {any[]} answers */
function table(plans, answers) {
  const rows = rowsOf(answers).map(([name, texts, intervals]) => h("tr", { "data-differs": String(new Set(texts).size > 1) },
    h("th", { scope: "row", text: name }),
    ...texts.map((text, at) => h("td", {}, text, intervals?.[at] && h("br"), intervals?.[at] && h("small", { class: "hint", text: intervals[at] })))));
  return h("table", {},
    h("thead", {}, h("tr", {}, h("td", {}), ...plans.map((plan) => h("th", { scope: "col", text: plan.title })))),
    h("tbody", {}, ...rows));
}
