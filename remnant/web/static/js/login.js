// @ts-check
/** The token of a server that listens to more than this computer. */

import { change } from "./api.js";
import { byId } from "./dom.js";

byId("login").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const alert = byId("alert");
  alert.hidden = true;
  try {
    await change("POST", "/api/login", { token: byId("token").value });
    location.reload();
  } catch (error) {
    alert.textContent = error instanceof Error ? error.message : String(error);
    alert.hidden = false;
    byId("token").select();
  }
});
