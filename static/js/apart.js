/* Labels that do not lie on each other, nor on other marks where that can be helped: each takes the nearest free place
   around its mark, and a line leads to it where that is not right beside. Without any free place a label is left out;
   the tooltip and the table have its words. */
const AWAY = [4, 14, 26, 40, 56, 74];

const crosses = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
const isSame = (a, b) => Math.hypot(middle(a)[0] - middle(b)[0], middle(a)[1] - middle(b)[1]) < 1;

/* Places for a label around a mark: right, left, above, below, then the corners. */
const around = (mark, { width, height }, away) => {
  const right = mark.x + mark.width + away, left = mark.x - width - away;
  const above = mark.y - height - away, below = mark.y + mark.height + away;
  const [across, upright] = [middle(mark)[0] - width / 2, middle(mark)[1] - height / 2];
  return [[right, upright], [left, upright], [across, above], [across, below], [right, above], [right, below], [left, above], [left, below]]
    .map(([x, y]) => ({ x, y, width, height, away }));
};

/* A function for `labelLayout`. `marks` are the boxes of all marks, `inside` is the box that labels stay in. All labels of
   a drawing are placed in one go, so what was placed is forgotten after it. */
export function keptApart(marks, inside) {
  const placed = [];
  return ({ rect, labelRect }) => {
    if (!placed.length) queueMicrotask(() => { placed.length = 0; });
    const fits = (box) => box.x >= inside.x && box.y >= inside.y && box.x + box.width <= inside.x + inside.width && box.y + box.height <= inside.y + inside.height;
    const free = AWAY.flatMap((away) => around(rect, labelRect, away)).filter((box) => fits(box) && !placed.some((other) => crosses(box, other)));
    const box = free.find((one) => !marks.some((mark) => !isSame(mark, rect) && crosses(one, mark))) ?? free[0];
    if (!box) return { x: -9999 };
    placed.push(box);
    const from = middle(rect);
    const end = [Math.max(box.x, Math.min(from[0], box.x + box.width)), middle(box)[1]];
    return { x: box.x, y: middle(box)[1], align: "left", verticalAlign: "middle", labelLinePoints: box.away > AWAY[0] ? [from, end, end] : [from, from, from] };
  };
}
