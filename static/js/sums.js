/* Numbers that have to sum to something: the sum stands below them while one types. */
const add = (box) => {
  const sum = [...box.querySelectorAll("input[type=number]")].reduce((total, input) => total + (Number(input.value) || 0), 0);
  const output = box.querySelector("output");
  output.textContent = sum;
  output.classList.toggle("is-wrong", sum !== Number(box.dataset.sumsTo));
};
for (const box of document.querySelectorAll("[data-sums-to]")) add(box);
document.addEventListener("input", (event) => {
  const box = event.target.closest?.("[data-sums-to]");
  if (box) add(box);
});
