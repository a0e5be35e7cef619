/* "@" and the beginning of a name suggests colleagues below the note; arrows choose, Enter or Tab takes, Esc leaves. */
const PAUSE = 150;
let timer = 0;
const typed = (box) => /(?:^|[^A-Za-z0-9._%+-])@([^\s@]{0,40})$/.exec(box.value.slice(0, box.selectionStart))?.[1];
const listOf = (box) => box.parentElement.querySelector(".note-people");
const buttons = (box) => [...listOf(box).querySelectorAll("button")];

async function suggest(box) {
  const words = typed(box);
  if (words === undefined) return void (listOf(box).hidden = true);
  const answer = await fetch(`${box.dataset.mentions}?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok || typed(box) !== words) return;
  listOf(box).innerHTML = await answer.text();
  listOf(box).hidden = false;
  buttons(box)[0]?.classList.add("is-current");
}

function take(box, button) {
  const at = box.selectionStart, from = box.value.lastIndexOf("@", at - 1);
  box.setRangeText(`@${button.dataset.name} `, from, at, "end");
  listOf(box).hidden = true;
  box.focus();
}

document.addEventListener("input", (event) => {
  const box = event.target.closest?.("[data-mentions]");
  if (!box) return;
  clearTimeout(timer);
  timer = setTimeout(() => suggest(box), PAUSE);
});
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-mentions]");
  if (!box || listOf(box).hidden || event.isComposing) return;
  const all = buttons(box), at = all.findIndex((one) => one.classList.contains("is-current"));
  if (event.key === "Escape") listOf(box).hidden = true;
  else if ((event.key === "Enter" || event.key === "Tab") && all[at] && !event.ctrlKey) take(box, all[at]);
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    all[at]?.classList.remove("is-current");
    all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.classList.add("is-current");
  } else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("click", (event) => {
  const button = event.target.closest(".note-people button");
  if (button) take(button.closest(".note-box").querySelector("[data-mentions]"), button);
});
