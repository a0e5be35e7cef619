/* data-anykey="F2" presses that element from anywhere on the page, also while typing. data-carries="#id" takes along what
   stands in that field: the form's hidden "q" gets it, so that nothing is typed twice. */
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  const pressed = document.querySelector(`[data-anykey="${CSS.escape(event.key)}"]`);
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
});
document.addEventListener("click", (event) => {
  const form = event.target.closest("[data-anykey]")?.closest("form[data-carries]");
  if (form) form.elements.q.value = document.querySelector(form.dataset.carries)?.value ?? "";
});
