/* Buttons beside an amount that fill it in. */
document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-fills]");
  if (!choice) return;
  const input = choice.form.querySelector("[data-amount]");
  input.value = choice.dataset.fills;
  input.focus();
});
