/* `/` searches, `?` lists the keys, `g` and a letter go to a section, `j` `k` move in a list, Enter opens, Esc closes. */
const isTyping = (element) => element.closest?.("input, textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("[data-rows] tr[data-href], [data-rows] [data-row]")];
let awaitsSection = 0;
/* Other keys wait while a letter after "g" is expected (hotkeys.js). */
function expect(at) {
  awaitsSection = at;
  document.documentElement.toggleAttribute("data-awaits-section", Boolean(at));
  if (at) setTimeout(() => expect(0), 1200);
}

function move(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("is-current"));
  const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
  all[at]?.classList.remove("is-current");
  next.classList.add("is-current");
  next.scrollIntoView({ block: "nearest" });
}

function go(letter) {
  const entry = document.querySelector(`[data-key="${CSS.escape(letter)}"]`);
  if (entry) location.assign(entry.href);
}

function search() {
  const box = document.querySelector("[data-find][data-main]") ?? document.querySelector("[data-find]");
  box?.focus();
  box?.select();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (awaitsSection > Date.now() - 1200) {
    expect(0);
    return go(event.key.toLowerCase());
  }
  const current = document.querySelector("[data-rows] .is-current");
  if (event.key === "/") search();
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else if (event.key === "g") expect(Date.now());
  else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "Enter" && current && !event.target.closest("a, button, summary")) location.assign(current.dataset.href);
  else return;
  event.preventDefault();
});
