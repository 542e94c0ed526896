// @ts-check
/** The work list. */

import { getJson } from "./api.js";
import { byId, debounced, figureNodes, fill, h, themeButton, when } from "./dom.js";
import { WORDS } from "./words.js";

/** @param {any} each */
function row(each) {
  const light = each.light && h("span", {
    class: "light", "data-light": each.light, title: WORDS.lightTitle[each.light], text: WORDS.light[each.light],
  });
  return h("tr", { "data-id": each.id },
    h("td", {}, h("a", { href: `/case/${encodeURIComponent(each.id)}`, "aria-label": WORDS.openCase(each.name), text: each.name })),
    h("td", {}, light || "–"),
    h("td", {}, h("span", { class: "pill", "data-status": each.status, text: WORDS.status[each.status] ?? each.status })),
    h("td", { text: [each.modality?.toUpperCase(), each.phase].filter((x) => x && x !== "unknown").join(" · ") || "–" }),
    h("td", { class: "number", text: String(each.lesions ?? "–") }),
    h("td", { class: "number" }, ...figureNodes(each.tlv)),
    h("td", { class: "number" }, ...figureNodes(each.burden)),
    h("td", { class: "when", text: when(each.changed_at) }),
    h("td", { class: "note", title: each.reason || null }, h("span", { text: each.reason ?? "" })));
}

let all = 0;
let asked = 0;

async function show() {
  const search = byId("search").value.trim();
  const status = new FormData(byId("filter")).get("status") ?? "";
  const mine = (asked += 1);
  const alert = byId("alert");
  try {
    const query = new URLSearchParams({ ...(search && { search }), ...(status && { status: String(status) }) });
    const { cases } = await getJson(`/api/cases?${query}`);
    if (mine !== asked) return;
    const filtered = Boolean(search || status);
    if (!filtered) all = cases.length;
    alert.hidden = true;
    fill(byId("rows"), ...cases.map(row));
    byId("count").textContent = WORDS.casesShown(cases.length, Math.max(all, cases.length));
    byId("empty").hidden = cases.length > 0;
    byId("empty").textContent = filtered ? WORDS.noMatch : WORDS.noCases;
  } catch (error) {
    const { message, whatToDo = "" } = /** @type {any} */ (error);
    alert.textContent = WORDS.sentences(WORDS.listFailed, message, whatToDo);
    alert.hidden = false;
    byId("empty").hidden = true;
  }
}

themeButton(byId("theme"));
byId("filter").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
byId("search").addEventListener("input", debounced(show, 150));
byId("filter").addEventListener("change", show);
show();
