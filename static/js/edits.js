/* data-takes="name" data-value="…" puts what somebody else saved into that field of the form. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-takes]");
  if (!button) return;
  const { takes, value } = button.dataset;
  const chosen = value.split(",");
  const controls = [...button.closest("form").elements].filter((one) => one.name === takes);
  for (const control of controls) {
    if (control.type !== "checkbox") control.value = value;
    else control.checked = controls.length > 1 ? chosen.includes(control.value) : value === "on";
    control.classList.remove("is-invalid");
    control.removeAttribute("aria-invalid");
  }
  controls[0]?.focus();
  button.remove();
});
