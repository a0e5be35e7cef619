/* data-copies="#id" puts that element's text on the clipboard and says so on the button. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copies).textContent.trim());
  button.querySelector("span").textContent = button.dataset.done;
});
