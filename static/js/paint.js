/* The grid editor: take a group as a brush, paint cells by click or by dragging; every cell is a hidden input. */
const chosen = (editor) => editor.querySelector(".brush[aria-pressed='true']");

function paint(cell) {
  const editor = cell.closest("[data-paint]");
  const brush = chosen(editor);
  if (!brush) return;
  cell.querySelector("input").value = brush.dataset.group;
  const button = cell.querySelector("button");
  button.className = brush.dataset.shade;
  button.querySelector("span").textContent = brush.dataset.name;
  editor.dispatchEvent(new CustomEvent("painted", { bubbles: true }));
}

let isDown = false;
document.addEventListener("pointerdown", (event) => {
  const cell = event.target.closest?.("[data-paint] td");
  if (!cell) return;
  isDown = true;
  event.target.releasePointerCapture?.(event.pointerId);
  paint(cell);
});
document.addEventListener("pointerover", (event) => {
  const cell = isDown && event.target.closest?.("[data-paint] td");
  if (cell) paint(cell);
});
document.addEventListener("pointerup", () => (isDown = false));
document.addEventListener("click", (event) => {
  const brush = event.target.closest?.(".brush");
  if (brush) for (const one of brush.closest("[data-paint]").querySelectorAll(".brush")) one.setAttribute("aria-pressed", String(one === brush));
  const cell = event.detail === 0 && event.target.closest?.("[data-paint] td"); // Enter or Space on a cell
  if (cell) paint(cell);
});
