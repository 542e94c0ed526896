// @ts-check
/** Small helpers to build and fill elements. Text is always set as text, never as markup. */

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `on…` are listeners, `class`, `text`, other names attributes;
 *   `null`, `undefined` and `false` leave an attribute out.
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else if (name === "value") /** @type {any} */ (element).value = value;
    else if (name === "checked" || name === "disabled" || name === "selected") /** @type {any} */ (element)[name] = Boolean(value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** @param {string} id @returns {any} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/** What a person sees of the state of fields, which their markup does not say. @param {Element} element */
function states(element) {
  const fields = element.matches("input, select") ? [element] : [...element.querySelectorAll("input, select")];
  return fields.map((field) => `${/** @type {any} */ (field).checked} ${/** @type {any} */ (field).value}`).join("\n");
}

/** @param {Node|undefined} old @param {Node} fresh */
function isSame(old, fresh) {
  if (!(old instanceof Element) || !(fresh instanceof Element)) return false;
  return old.isEqualNode(fresh) && states(old) === states(fresh);
}

/** Where a press is under way. @type {Node|null} */
let pressed = null;
/** What will be filled once the press ends. @type {Map<HTMLElement, any[]>} */
const waiting = new Map();

function released() {
  pressed = null;
  for (const [parent, children] of [...waiting]) fill(parent, ...children);
}

document.addEventListener("pointerdown", (event) => { pressed = event.target instanceof Node ? event.target : null; }, true);
document.addEventListener("click", (event) => { if (event.isTrusted) pressed = null; }, true);
// the click that a press ends with comes after its pointerup: its answer may fill what waits
for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, () => setTimeout(released), true);

/**
 * Replace the children of an element by others. What looks the same stays, and what is pressed stays
 * until it is let go, so that no press is lost; the focus stays on what carries the same `data-key`.
 * @param {HTMLElement} parent @param {...(Node|string|null|undefined|false)} children
 */
export function fill(parent, ...children) {
  if (pressed && parent.contains(pressed)) {
    waiting.set(parent, children);
    return;
  }
  waiting.delete(parent);
  const active = document.activeElement;
  const key = active instanceof HTMLElement && parent.contains(active) ? active.dataset.key : undefined;
  const old = [...parent.childNodes];
  const wanted = /** @type {(Node|string)[]} */ (children.filter(Boolean));
  const next = wanted.map((child, at) => (child instanceof Node && isSame(old[at], child) ? old[at] : child));
  if (next.length === old.length && next.every((child, at) => child === old[at])) return;
  next.forEach((child, at) => {
    const there = parent.childNodes[at];
    if (child === there) return;
    if (there) there.replaceWith(child);
    else parent.append(child);
  });
  while (parent.childNodes.length > next.length) parent.lastChild?.remove();
  if (!key || (document.activeElement instanceof HTMLElement && document.activeElement.dataset.key === key)) return;
  const again = parent.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** Call `action` once nothing was asked for `wait` ms. */
export function debounced(/** @type {(...a: any[]) => void} */ action, wait = 120) {
  let timer = 0;
  return (/** @type {any[]} */ ...given) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => action(...given), wait);
  };
}

/** Written date and time of an ISO time in the reader's own clock. */
export function when(/** @type {string} */ iso) {
  if (!iso) return "";
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A figure of the server with its interval. @param {any} figure */
export function figureNodes(figure) {
  if (!figure) return ["–"];
  if (figure.value === null) return [h("span", { title: figure.reason || null, text: figure.written || "–" })];
  return [figure.written, figure.interval && h("span", { class: "interval", text: figure.interval })];
}

const THEME = "remnant-theme";

/** Light and dark: the system's choice until the button was pressed. */
export function themeButton(/** @type {HTMLButtonElement} */ button) {
  const dark = () =>
    (document.documentElement.dataset.theme ??
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const kept = localStorage.getItem(THEME);
  if (kept) document.documentElement.dataset.theme = kept;
  button.setAttribute("aria-pressed", String(dark()));
  button.addEventListener("click", () => {
    const next = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem(THEME, next);
    button.setAttribute("aria-pressed", String(next === "dark"));
  });
}
