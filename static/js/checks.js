/* A long list of boxes to tick is narrowed by typing; what is ticked stays in sight. */
document.addEventListener("input", (event) => {
  const box = event.target.closest?.("[data-narrows]");
  if (!box) return;
  const words = box.value.trim().toLowerCase();
  for (const one of box.parentElement.querySelectorAll(".checks .check"))
    one.hidden = !one.textContent.toLowerCase().includes(words) && !one.querySelector("input").checked;
});
