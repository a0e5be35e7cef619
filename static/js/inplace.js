/* Editing where the fact stands. `e` edits the fact in focus or the first one, Esc cancels, Enter saves; `t` goes to the
   timeline. After a save or a cancel the focus returns to the fact. Notices that came with an answer go by themselves. */
import { leave } from "./toasts.js";

const isTyping = (element) => element.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
  if (event.key === "Escape") {
    const part = event.target.closest?.("[data-inplace]") ?? document.querySelector(".identity:has([data-cancels])");
    const cancel = part?.querySelector("[data-cancels]");
    if (!cancel) return;
    cancel.click();
    return event.preventDefault();
  }
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "e") {
    const fact = event.target.closest?.(".fact")?.querySelector(".fact-value") ?? document.querySelector(".fact-value");
    if (!fact) return;
    fact.click();
  } else {
    const goal = document.querySelector(`[data-goes="${CSS.escape(event.key)}"]`);
    if (!goal) return;
    goal.click();
    document.querySelector(goal.hash)?.focus({ preventScroll: true });
  }
  event.preventDefault();
});

/* The swapped-in part has the focus: its field while it is edited, its value after. */
let came = "";
document.addEventListener("htmx:beforeRequest", (event) => {
  came = event.target.closest?.("[data-fact]")?.id ?? "";
});
document.addEventListener("htmx:afterSettle", () => {
  for (const line of document.querySelectorAll("#toasts .toast-line:not([data-leaves])")) leave(line);
  const part = came && document.getElementById(came);
  if (!part) return;
  const value = part.querySelector(part.matches("form") ? "input:not([type='hidden']), select, textarea" : ".fact-value");
  if (!value || part.contains(document.activeElement)) return;
  value.focus();
  if (value.type === "text") value.select();
});
