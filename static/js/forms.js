/* The cursor goes to the first error; a form is sent once; a select marked data-submits sends its form. */
const firstError = (root) => root.querySelector?.(".is-invalid, [aria-invalid='true']")?.focus();

firstError(document);
document.addEventListener("htmx:afterSettle", (event) => firstError(event.detail.elt));

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "get") return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
  for (const button of event.target.querySelectorAll("button:not([type='button'])")) button.setAttribute("aria-disabled", "true");
});
/* Coming back with the browser's Back shows the page as it was left: let it be sent again. */
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-submits]")) event.target.form.requestSubmit();
  const shown = event.target.closest("[data-shows]");
  if (shown) for (const part of shown.form.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").includes(shown.value);
});
for (const shown of document.querySelectorAll("[data-shows]")) shown.dispatchEvent(new Event("change", { bubbles: true }));
