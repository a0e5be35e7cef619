/* data-hotkey="n": that key goes to a field, presses a button, or opens a menu. Several keys stand apart by a space.
   Ctrl+Enter in a field marked data-saves sends its form. */
const isTyping = (element) => element.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("[data-saves]")) {
    event.preventDefault();
    return event.target.form.requestSubmit();
  }
  if (event.key === "Escape" && event.target.closest?.("[data-hotkey]")) return event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const found = [...document.querySelectorAll("[data-hotkey]")].find((one) => one.dataset.hotkey.split(" ").includes(event.key));
  if (!found || document.documentElement.hasAttribute("data-awaits-section")) return;
  event.preventDefault();
  if (found.matches("textarea, input, select")) {
    found.focus();
    return found.scrollIntoView({ block: "center" });
  }
  found.click();
  if (found.matches("summary")) found.parentElement.querySelector(".menu-list :is(button, a)")?.focus();
});

/* One box ticks all boxes of its form. */
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-ticks-all]")) return;
  for (const box of event.target.closest("[data-ticks]").querySelectorAll("tbody input[type='checkbox']")) box.checked = event.target.checked;
});

/* The row whose item stands beside the list is the current one. */
document.addEventListener("htmx:afterSwap", (event) => {
  const row = event.detail.requestConfig?.elt?.closest?.("[data-opens-item]");
  if (!row) return;
  for (const one of document.querySelectorAll("[data-opens-item].is-current")) one.classList.remove("is-current");
  row.classList.add("is-current");
  row.closest(".work").classList.add("is-opened");
});
