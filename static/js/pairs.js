/* The review queue: one key decides and the next pair comes without a page load (see customers/pair.html). */
import { leave } from "./toasts.js";

document.addEventListener("keydown", (event) => {
  if (!document.querySelector("[data-pair]") || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
  const button = document.querySelector(`[data-pair-key~="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!document.querySelector("[data-pair].htmx-request, [data-pair] .htmx-request")) button.click();
}, true);

document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id === "toasts") event.detail.target.querySelectorAll(".toast-line:not([data-leaves])").forEach((line) => leave(line));
});
