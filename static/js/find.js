/* Finding as you type. htmx sends the words (150 ms pause, an older request is cancelled); here are the keys.

   A scanner types and sends Enter faster than any answer comes back: Enter is remembered until the answer to exactly
   these words is on the screen. Only an answer that names one customer opens by itself. */
const boxes = "[data-find]";
const hitsOf = (box) => document.querySelector(box.dataset.find);
const options = (box) => [...(hitsOf(box)?.querySelectorAll("[role='option']") ?? [])];
const isSettled = (box) => hitsOf(box)?.querySelector("[data-answers]")?.dataset.answers === box.value.trim();

function select(box, at) {
  const all = options(box);
  all.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
  const chosen = all[at];
  chosen?.scrollIntoView({ block: "nearest" });
  if (chosen) box.setAttribute("aria-activedescendant", chosen.id);
  else box.removeAttribute("aria-activedescendant");
}

function openFirst(box) {
  const all = options(box);
  const chosen = all.find((option) => option.getAttribute("aria-selected") === "true") ?? all[0];
  if (chosen) location.assign(chosen.href);
  else hitsOf(box)?.querySelector("[data-enrols]")?.click(); // nobody found: the form to enrol them, filled in
}

document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.(boxes);
  if (!box || event.isComposing) return; // an input method's own Enter and arrows
  const all = options(box);
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") select(box, Math.min(at + 1, all.length - 1));
  else if (event.key === "ArrowUp") select(box, Math.max(at - 1, 0));
  else if (event.key === "Escape") {
    if (!box.value) return box.blur();
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (event.key === "Enter") {
    if (isSettled(box)) openFirst(box);
    else {
      box.dataset.entered = box.value.trim();
      box.dispatchEvent(new CustomEvent("find-now", { bubbles: true }));
    }
  } else return;
  event.preventDefault();
});

document.addEventListener("input", (event) => {
  const box = event.target.closest?.(boxes);
  if (!box) return;
  delete box.dataset.entered;
  hitsOf(box)?.classList.add("is-stale");
});

document.addEventListener("htmx:afterSwap", (event) => {
  const box = [...document.querySelectorAll(boxes)].find((one) => hitsOf(one) === event.detail.target);
  if (!box) return;
  hitsOf(box).classList.toggle("is-stale", !isSettled(box));
  const all = options(box);
  if (all.length) select(box, 0);
  if (box.dataset.entered && box.dataset.entered === box.value.trim() && isSettled(box)) {
    delete box.dataset.entered;
    if (all.length === 1 || all[0]?.dataset.exact) openFirst(box);
  }
});

/* Words that were typed before the page was wired up are asked for now. */
document.addEventListener("htmx:load", (event) => {
  const box = document.activeElement?.closest(boxes);
  if (event.target === document.body && box?.value.trim() && !isSettled(box))
    box.dispatchEvent(new CustomEvent("find-now", { bubbles: true }));
});

/* The search of the top bar folds away when the focus leaves it. */
document.addEventListener("click", (event) => {
  for (const box of document.querySelectorAll(`.bar-search ${boxes}`))
    if (!box.closest(".bar-search").contains(event.target)) hitsOf(box).replaceChildren();
});
