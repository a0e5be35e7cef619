/* data-prints prints the page. */
document.addEventListener("click", (event) => event.target.closest("[data-prints]") && print());
