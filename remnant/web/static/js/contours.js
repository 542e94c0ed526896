// @ts-check
/** Exact borders of labels: along the edges of voxels, closed, so that dashes run evenly. */

/**
 * Closed borders of every label of a slice, in voxel units with corners at whole numbers.
 * @param {ArrayLike<number>} labels @param {number} width @param {number} height
 * @returns {Map<number, Path2D>}
 */
export function contours(labels, width, height) {
  const edges = new Map();
  const at = (/** @type {number} */ x, /** @type {number} */ y) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : labels[y * width + x];
  const corners = width + 1;
  const add = (/** @type {number} */ label, /** @type {number} */ from, /** @type {number} */ to) => {
    let own = edges.get(label);
    if (!own) edges.set(label, (own = new Map()));
    const more = own.get(from);
    if (more) more.push(to);
    else own.set(from, [to]);
  };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const label = labels[y * width + x];
      if (!label) continue;
      const corner = y * corners + x;
      if (at(x, y - 1) !== label) add(label, corner, corner + 1);
      if (at(x + 1, y) !== label) add(label, corner + 1, corner + 1 + corners);
      if (at(x, y + 1) !== label) add(label, corner + 1 + corners, corner + corners);
      if (at(x - 1, y) !== label) add(label, corner + corners, corner);
    }
  }
  const paths = new Map();
  for (const [label, own] of edges) paths.set(label, traced(own, corners));
  return paths;
}

/** @param {Map<number, number[]>} edges @param {number} corners */
function traced(edges, corners) {
  const path = new Path2D();
  for (const start of edges.keys()) {
    while (edges.get(start)?.length) loop(path, edges, start, corners);
  }
  return path;
}

/** One closed border; corners only where the direction changes. @param {Path2D} path @param {Map<number, number[]>} edges @param {number} start @param {number} corners */
function loop(path, edges, start, corners) {
  let from = start;
  let step = 0;
  path.moveTo(start % corners, Math.floor(start / corners));
  for (let next = edges.get(from)?.pop(); next !== undefined; next = edges.get(from)?.pop()) {
    if (step && next - from !== step) path.lineTo(from % corners, Math.floor(from / corners));
    step = next - from;
    from = next;
    if (from === start) break;
  }
  path.closePath();
}
