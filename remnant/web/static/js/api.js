// @ts-check
/** The server's answers. Nothing else in the page asks the network, apart from NiiVue. */

import { WORDS } from "./words.js";

/** What went wrong, in words for the person at the screen. */
export class ApiError extends Error {
  /** @param {number} status @param {string} message @param {string} whatToDo @param {any} answer */
  constructor(status, message, whatToDo, answer) {
    super(message);
    this.status = status;
    this.whatToDo = whatToDo;
    this.answer = answer;
  }

  /** Somebody else was faster: what is shown is no longer what the server holds. */
  get isConflict() {
    return this.status === 409 || this.status === 412;
  }
}

/** @param {Response} response */
async function failure(response) {
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    answer = null;
  }
  const message = answer?.error ?? WORDS.unexpected(response.status);
  return new ApiError(response.status, message, answer?.what_to_do ?? "", answer);
}

/** @param {string} url @param {RequestInit} options */
async function ask(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, WORDS.noServer, WORDS.noServerToDo, null);
  }
  if (response.status === 401 && !url.endsWith("/login")) {
    location.reload();
  }
  if (!response.ok) throw await failure(response);
  return response;
}

/** @param {string} url @param {AbortSignal} [signal] */
export async function getJson(url, signal) {
  return (await ask(url, { signal })).json();
}

/** @param {string} url @param {AbortSignal} [signal] */
export function getRaw(url, signal) {
  return ask(url, { signal });
}

/**
 * Ask for a change.
 * @param {string} method @param {string} url @param {any} body @param {string} [revision] @param {AbortSignal} [signal]
 */
export async function change(method, url, body, revision, signal) {
  /** @type {Record<string, string>} */
  const headers = { "Content-Type": "application/json", "X-Remnant": "1" };
  if (revision) headers["If-Match"] = `"${revision}"`;
  const options = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
  const response = await ask(url, options);
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}

/**
 * Follow a job to its end.
 * @param {string} job @param {(state: any) => void} told @param {AbortSignal} signal
 */
export async function followJob(job, told, signal) {
  for (;;) {
    const state = await getJson(`/api/jobs/${encodeURIComponent(job)}`, signal);
    told(state);
    if (state.state === "done") return state;
    if (state.state !== "running" && state.state !== "waiting") {
      throw new ApiError(0, state.error || WORDS.jobFailed, state.what_to_do ?? "", state);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    signal.throwIfAborted();
  }
}
