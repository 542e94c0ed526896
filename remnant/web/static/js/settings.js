// @ts-check
/** Fields for margins, limits, patient and facts; only what differs from the case is sent. */

import { fill, h } from "./dom.js";
import { WORDS } from "./words.js";

/**
 * @typedef {{name: string, title: string, kind: string, unit?: string|null, least?: number|null, most?: number|null, value: any,
 *   choices?: {value: any, title: string}[]|null, unknown?: string, allowed?: string}} Field `unknown`: how no value is called, where one may be missing
 */

/** Fields that remember what was changed. */
export class Settings {
  /** @param {HTMLElement} host @param {Field[]} fields @param {() => void} changed */
  constructor(host, fields, changed) {
    this.host = host;
    this.fields = fields;
    this.changed = changed;
    /** @type {Map<string, any>} */
    this.own = new Map();
    this.#build();
  }

  /** What differs from the case. */
  get differing() {
    return Object.fromEntries(this.own);
  }

  /** Take other values, e.g. those of a saved plan. @param {Record<string, any>} values */
  take(values) {
    this.own = new Map(Object.entries(values ?? {}).filter(([name]) => this.fields.some((field) => field.name === name)));
    this.#build();
  }

  #build() {
    this.back = h("button", {
      type: "button", class: "quiet back-to-case", "data-key": `${this.host.id}-back`, text: WORDS.backToCase,
      onclick: () => { this.take({}); this.changed(); },
    });
    fill(this.host, this.back, ...this.fields.map((field) => this.#row(field)));
    this.#count();
  }

  /** Say in the fold's title how much differs from the case. */
  #count() {
    const { size } = this.own;
    /** @type {HTMLElement} */ (this.back).hidden = size === 0;
    const title = this.host.parentElement?.querySelector("summary");
    if (title) title.dataset.changed = size ? WORDS.changedFields(size) : "";
  }

  /** @param {Field} field */
  #row(field) {
    const id = `${this.host.id}-${field.name}`;
    const error = h("span", { class: "error", id: `${id}-error` });
    const row = h("div", { class: "field", "data-name": field.name, "data-changed": String(this.own.has(field.name)) });
    const set = (/** @type {any} */ value) => {
      if (same(value, field.value)) this.own.delete(field.name);
      else this.own.set(field.name, value);
      row.dataset.changed = String(this.own.has(field.name));
      this.#count();
      this.changed();
    };
    const value = this.own.has(field.name) ? this.own.get(field.name) : field.value;
    const input = field.choices || field.kind === "yes_no" || field.kind === "flag"
      ? chooser(field, id, value, set) : numberOrText(field, id, value, set, error);
    row.append(h("label", { for: id, text: field.title }), input, error);
    return row;
  }
}

/** @param {any} a @param {any} b */
function same(a, b) {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** @param {Field} field */
function choicesOf(field) {
  if (field.choices) return field.choices;
  return [{ value: true, title: WORDS.yes }, { value: false, title: WORDS.no }];
}

/** @param {Field} field @param {string} id @param {any} value @param {(value: any) => void} set */
function chooser(field, id, value, set) {
  const choices = choicesOf(field);
  const open = field.unknown !== undefined;
  const at = choices.findIndex((choice) => same(choice.value, value));
  const select = h("select", {
    id, onchange: (/** @type {any} */ event) => set(event.target.value === "" ? null : choices[Number(event.target.value)].value),
  }, open && h("option", { value: "", text: field.unknown }), ...choices.map((choice, n) => h("option", { value: String(n), text: choice.title })));
  select.value = at < 0 ? "" : String(at);
  return select;
}

/** @param {Field} field @param {string} id @param {any} value @param {(value: any) => void} set @param {HTMLElement} error */
function numberOrText(field, id, value, set, error) {
  const numeric = field.kind === "number" || field.kind === "whole_number";
  const input = h("input", {
    id, type: "text", inputmode: numeric ? "decimal" : null, autocomplete: "off", "aria-describedby": error.id,
    placeholder: field.unknown ?? null, title: field.allowed ?? null, value: written(value),
    [numeric ? "oninput" : "onchange"]: () => {
      const read = numeric ? asNumber(field, input.value) : asText(field, input.value);
      const wrong = read === undefined;
      input.setAttribute("aria-invalid", String(wrong));
      error.textContent = wrong ? WORDS.outOfRange(field.least ?? 0, field.most ?? Infinity) : "";
      if (!wrong) set(read);
    },
  });
  return h("span", { class: "with-unit" }, input, field.unit ? h("span", { class: "hint", text: field.unit }) : "");
}

/** @param {any} value */
function written(value) {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join("; ") : String(value);
}

/** Text that was typed, as a list where the case holds one: its parts stand between semicolons. @param {Field} field @param {string} text */
function asText(field, text) {
  const plain = text.trim();
  if (!Array.isArray(field.value)) return plain || null;
  const parts = plain.split(";").map((part) => part.trim()).filter(Boolean);
  return parts.map((part) => (Number.isFinite(Number(part)) ? Number(part) : part));
}

/** Number that was typed; `null` for none where that is allowed, `undefined` where it is wrong. @param {Field} field @param {string} text */
function asNumber(field, text) {
  const plain = text.trim().replace(",", ".");
  if (!plain) return field.unknown !== undefined ? null : undefined;
  const number = Number(plain);
  const fits = Number.isFinite(number) && number >= (field.least ?? -Infinity) && number <= (field.most ?? Infinity);
  return fits && (field.kind !== "whole_number" || Number.isInteger(number)) ? number : undefined;
}
