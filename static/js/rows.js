/* A row of a list opens its page wherever it is clicked; links, buttons and selected text keep their own meaning. */
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, summary") || getSelection().toString()) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href);
  else location.assign(row.dataset.href);
});

/* A button that unfolds the row below it; htmx fills it at the first click. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-unfolds]");
  if (!button) return;
  const row = document.querySelector(button.dataset.unfolds);
  row.hidden = !row.hidden;
  button.setAttribute("aria-expanded", String(!row.hidden));
});
