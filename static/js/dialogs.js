/* data-opens="#id" shows a <dialog>; data-closes or a click beside it closes it; Esc is the browser's own. */
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    document.querySelector(opener.dataset.opens)?.showModal();
    opener.closest("details.menu")?.removeAttribute("open");
    event.preventDefault();
  }
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close();
});
/* A dialog whose form came back with errors opens again by itself. */
const openMarked = (root) => {
  for (const dialog of root.querySelectorAll("dialog[data-open]")) if (!dialog.open) dialog.showModal();
};
openMarked(document);
document.addEventListener("htmx:load", (event) => openMarked(event.target.parentElement ?? event.target)); // one that was fetched
