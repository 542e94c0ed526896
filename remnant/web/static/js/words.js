// @ts-check
/** Every sentence that the page composes. What the server says is shown as it comes. */

/** @typedef {import("./geometry.js").Plane} Plane */

const LETTERS = /** @type {Record<string, string>} */ ({
  R: "right", L: "left", A: "anterior", P: "posterior", S: "superior", I: "inferior",
});
const ACROSS = /** @type {Record<string, string>} */ ({ axial: "S", coronal: "A", sagittal: "R" });
const title = (/** @type {string} */ text) => text.charAt(0).toUpperCase() + text.slice(1);
const signed = (/** @type {number} */ x) => `${x < 0 ? "−" : ""}${Math.abs(x).toFixed(1)}`;

export const WORDS = {
  unexpected: (/** @type {number} */ status) => `The server answered with error ${status}.`,
  noServer: "The server does not answer.",
  noServerToDo: "Look whether `remnant serve` still runs, then try again.",
  /** What the server and the page say, one after the other. */
  sentences: (/** @type {string[]} */ ...texts) => texts.filter(Boolean).map((text) => title(text.replace(/[.;]$/, ""))).map((text) => `${text}.`).join(" "),
  jobFailed: "The work on the server failed.",
  title,
  signed,

  status: /** @type {Record<string, string>} */ ({ to_confirm: "to confirm", confirmed: "confirmed", failed: "failed" }),
  light: /** @type {Record<string, string>} */ ({ green: "● fit", yellow: "▲ check", red: "■ unfit" }),
  lightTitle: /** @type {Record<string, string>} */ ({
    green: "green: nothing speaks against the figures", yellow: "yellow: look at the notes first", red: "red: not to be used as it is",
  }),
  casesShown: (/** @type {number} */ n, /** @type {number} */ all) => (n === all ? `${n} case${n === 1 ? "" : "s"}` : `${n} of ${all} cases`),
  noCases: "No case lies in this folder yet. Make one with `remnant run`.",
  noMatch: "No case fits the search.",
  openCase: (/** @type {string} */ name) => `Open case ${name}`,

  planeRole: "image plane",
  planeLabel: (/** @type {Plane} */ plane) => `${title(plane)} plane`,
  widen: "One plane alone, or all (double click)",
  widenPlane: (/** @type {Plane} */ plane) => `Show the ${plane} plane alone, or all`,
  letter: (/** @type {string} */ letters) => [...letters].map((letter) => LETTERS[letter]).join(" and "),
  position: (/** @type {Plane} */ plane, /** @type {number} */ slice, /** @type {number} */ all, /** @type {number} */ mm) =>
    `${title(plane)} ${slice}/${all} · ${ACROSS[plane]} ${signed(mm)} mm`,
  whole: (/** @type {number} */ value) => String(Math.round(value)).replace("-", "−"),
  millimetres: (/** @type {number} */ mm) => `${mm} mm`,
  sliceLoading: "loading …",
  sliceFailed: "This slice could not be loaded.",
  outsidePreview: "The preview ends before this slice.",
  noScan: "The scan is not at hand: only the small preview kept with the case is shown, without CT numbers. Start `remnant serve` with --image or --images to see the scan itself.",
  noPicture: "The case was made from maps alone: no scan is at hand, and only the maps are shown. Start `remnant serve` with the case and --image to see its scan.",
  fullFollows: "Scan around the liver is loading …",
  fullHere: "Scan around the liver loaded",
  fullFailed: "The scan around the liver could not be loaded; slices still come one by one.",
  notScanned: "outside the scan",
  previewGrey: "preview grey",
  outsideLiver: "outside the liver",
  inLiver: "liver, no segment",
  segment: (/** @type {string} */ name) => `segment ${name}`,
  lesionAt: (/** @type {any} */ lesion) => `lesion ${lesion.id} (${WORDS.state(lesion.state)})`,
  lesionNumber: (/** @type {number|string} */ id) => `lesion ${id}`,
  notCounted: "not counted",
  toSurface: (/** @type {string} */ written) => `${written} to the surface`,
  lesionWord: "Lesion",
  lesionNew: "new lesion",
  lesionAny: "any lesion",
  state: (/** @type {string} */ state) =>
    (/** @type {Record<string, string>} */ ({ automatic: "not confirmed", confirmed: "confirmed", rejected: "rejected", given: "given", corrected: "corrected" }))[state] ?? state.replaceAll("_", " "),
  noLesions: "No lesion is marked in this case.",
  noSegments: "This case has no segments: resections cannot be tried.",
  jumpTo: (/** @type {number} */ id) => `Jump to lesion ${id}`,

  windows: { liver: "Liver", abdomen: "Abdomen", lung: "Lung", bone: "Bone", auto: "Auto", wide: "Wide", preview: "Preview" },
  windowNow: (/** @type {number} */ level, /** @type {number} */ width, /** @type {boolean} */ hu) =>
    `L ${Math.round(level)} W ${Math.round(width)}${hu ? " HU" : ""}`,

  sceneLoading: "3-D is loading …",
  sceneFailed: "The 3-D picture could not be made.",
  sceneNoGl: "This browser shows no WebGL 2: the planes work, the 3-D picture does not.",

  fates: { leave: "leave", wedge: "wedge", ablate: "ablate" },
  fateOf: (/** @type {number} */ id) => `Treatment of lesion ${id}`,
  /** What becomes of a lesion that the recipe itself does not name. */
  fateNow: /** @type {Record<string, string>} */ ({ with_segments: "goes with the segments", cut: "partly in removed segments" }),
  cutOff: "cut off",
  figures: /** @type {Record<string, string>} */ ({
    flr: "Future liver remnant", sflr: "Standardised FLR", flr_measured: "FLR of measured liver",
    flr_body_weight: "FLR per body weight", debulked: "Debulked", removed: "Removed", ablated: "Ablated", residual: "Tumour left",
  }),
  thinking: "computing …",
  whatIfFailed: "This plan could not be judged.",
  nothingChosen: "Nothing is removed or ablated yet.",
  interventions: (/** @type {number} */ n) => `${n} intervention${n === 1 ? "" : "s"}`,
  allKept: "No segment that stays is cut off.",
  chosenRule: "decides here",
  verdict: (/** @type {any} */ verdict) => (verdict.demand ? `${verdict.demand}: ${verdict.number} · ${verdict.mark}` : verdict.mark),
  why: "why",
  source: (/** @type {string} */ source) => `Source: ${source}`,
  verdictsNone: "No rule could judge this plan.",
  searching: (/** @type {number} */ seconds) => `looking for plans … ${seconds} s`,
  searchDone: (/** @type {number} */ n) => (n ? `${n} plan${n === 1 ? "" : "s"} found` : "No plan was found with these limits."),
  searchStopped: "The search was stopped.",
  saved: (/** @type {string} */ name) => `Plan “${name}” is saved.`,
  saveNeeds: "A plan needs a name and who made it.",
  planLoaded: (/** @type {string} */ name) => `Plan “${name}” is on the table.`,
  plansNone: "No plans yet. Run the planner or save the one above.",
  origins: /** @type {Record<string, string>} */ ({ optimiser: "planner", user: "asked for", saved: "saved" }),
  compareMost: "Three plans at most are compared at once.",
  compareNow: "On the table",
  compareRows: {
    segments: "Segments removed", wedges: "Wedges at lesions", ablations: "Ablations of lesions", interventions: "Interventions", cut_off: "Cut off",
  },
  none: "none",
  unknown: "not known",
  yes: "yes",
  no: "no",
  asCase: (/** @type {string} */ value) => `as in the case (${value})`,
  backToCase: "Back to what the case holds",
  changedFields: (/** @type {number} */ n) => `${n} changed`,
  noLimit: "no limit",
  outOfRange: (/** @type {number} */ least, /** @type {number} */ most) => `${least} to ${most} is allowed`,

  conflict: "Somebody else has changed this case since you opened it. What you see is no longer what the server holds.",
  reload: "Reload the case",
  loadFailed: "The case could not be loaded.",
  listFailed: "The list of cases could not be loaded.",
  notMeasured: "This case was not measured to its end.",

  draftNone: "No correction is open. Open one to change lesions, liver or segments.",
  draftMine: (/** @type {string} */ by) => `Correction by ${by} is open: nothing is changed until you commit.`,
  draftOther: (/** @type {string} */ by, /** @type {string} */ since) => `${by} has had a correction open since ${since}.`,
  draftStale: (/** @type {string} */ by) => `The case was changed since ${by} began a correction: it can no longer be committed.`,
  draftCommitting: (/** @type {string} */ by) => `The correction by ${by} is being committed.`,
  draftNeedsName: "Write who corrects.",
  steps: (/** @type {number} */ n) => (n === 1 ? "1 step" : `${n} steps`),
  quick: (/** @type {string} */ burden, /** @type {string} */ liver) => `quick figures: burden ${burden}, liver ${liver}`,
  changedVoxels: (/** @type {number} */ n) => `${n.toLocaleString("en")} voxels changed`,
  dropAsk: "Drop every change of this correction? They cannot be brought back.",
  dropped: "The correction was dropped.",
  committing: "The case is measured and planned again …",
  committed: "The correction is saved as a new version.",
  chooseLesion: "Choose a lesion first.",
  chooseTwo: "Choose two lesions to merge.",
  pickPoints: (/** @type {number} */ have) => `${have} marked so far; three are needed, on two slices or more.`,
  historyNone: "Nothing was corrected yet.",
  version: (/** @type {number} */ n) => `Version ${n}`,
  tools: /** @type {Record<string, string>} */ ({
    look: "Look", paint: "Paint", erase: "Erase", grow: "Grow", split: "Split", box: "Box", plane: "Plane",
  }),
  toolHelp: /** @type {Record<string, string>} */ ({
    look: "Click moves the crosshair; choose a lesion in the list.",
    paint: "Draw with the left button. Enter paints at the crosshair.",
    erase: "Draw over what is too much. Enter erases at the crosshair.",
    grow: "Click inside a lesion: it grows to its border in the scan.",
    split: "Draw a line across the chosen lesion.",
    box: "Draw a box around a lesion; the network outlines it.",
    plane: "Move a plane between segments: mark points where it is to run, two on a slice and one on another slice well apart, then apply.",
  }),
};
