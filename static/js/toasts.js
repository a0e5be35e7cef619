/* Short notices at the corner. Those with an undo stay longer; any can be put away. */
const STAY = 6000;

export function toast(text, { error = false } = {}) {
  const box = document.getElementById("toasts");
  if (!box || !text) return;
  const line = document.createElement("div");
  line.className = `toast-line${error ? " is-error" : ""}`;
  line.setAttribute("role", error ? "alert" : "status");
  const words = document.createElement("span");
  words.textContent = text;
  line.append(words);
  box.append(line);
  leave(line);
}

/* Takes a line away after a while; later where it offers an undo. */
export function leave(line, after = line.querySelector(".undo") ? STAY * 3 : STAY) {
  line.dataset.leaves = "";
  let timer = setTimeout(() => line.remove(), after);
  line.addEventListener("mouseenter", () => clearTimeout(timer));
  line.addEventListener("mouseleave", () => (timer = setTimeout(() => line.remove(), after / 2)));
}

for (const line of document.querySelectorAll("#toasts .toast-line")) leave(line);
document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast-line, .note")?.remove());
