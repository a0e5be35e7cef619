/* Labels that do not lie on each other: each takes the nearest free place around its mark, and a line leads to it where
   that is not right beside. A label without any free place is left out; the tooltip and the table have its words. */
const AWAY = [4, 14, 26, 40, 56, 74];

const crosses = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/* Left corners of a label of this size around a mark: right, left, above, below, then the corners. */
const around = (mark, { width, height }, away) => {
  const right = mark.x + mark.width + away, left = mark.x - width - away;
  const above = mark.y - height - away, below = mark.y + mark.height + away;
  const across = mark.x + mark.width / 2 - width / 2, upright = mark.y + mark.height / 2 - height / 2;
  return [[right, upright], [left, upright], [across, above], [across, below], [right, above], [right, below], [left, above], [left, below]];
};

/* A function for `labelLayout`. All labels of a drawing are placed in one go, so what was placed is forgotten after it. */
export function keptApart() {
  const placed = [];
  return ({ rect: mark, labelRect }) => {
    if (!placed.length) queueMicrotask(() => { placed.length = 0; });
    const size = { width: labelRect.width + 2, height: labelRect.height };
    for (const away of AWAY) {
      for (const [x, y] of around(mark, size, away)) {
        const box = { x, y, ...size };
        if (x < 0 || y < 28 || placed.some((other) => crosses(box, other))) continue;
        placed.push(box);
        const end = [Math.max(x, Math.min(mark.x + mark.width / 2, x + size.width)), y + size.height / 2];
        const from = [mark.x + mark.width / 2, mark.y + mark.height / 2];
        return { x, y: y + size.height / 2, align: "left", verticalAlign: "middle", labelLinePoints: away > AWAY[0] ? [from, end, end] : undefined };
      }
    }
    return { x: -9999 };
  };
}
