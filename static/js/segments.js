/* The builder of segments: the list from which conditions are added, the place of the cursor, moving by keyboard.
   What the buttons do, the server does; without scripts the same buttons send the form. */
const picker = () => document.getElementById("picker");
const options = () => [...(picker()?.querySelectorAll("[role='option']:not([hidden])") ?? [])];

function select(at) {
  const box = picker().querySelector("[data-picker]");
  options().forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
  const chosen = options()[at];
  chosen?.scrollIntoView({ block: "nearest" });
  if (chosen) box.setAttribute("aria-activedescendant", chosen.id);
  else box.removeAttribute("aria-activedescendant");
}

/* Every word that was typed must begin a word of the option (in Chinese: occur); what is called just that comes first. */
const begins = (said, word) => said.startsWith(word) || said.includes(` ${word}`) || (/[^\x00-\x7f]/.test(word) && said.includes(word));

function narrow(typed) {
  const wanted = typed.trim().toLowerCase();
  for (const option of picker().querySelectorAll("[role='option']")) {
    const said = option.dataset.words.toLowerCase();
    option.hidden = !wanted.split(/\s+/).every((word) => begins(said, word));
  }
  for (const group of picker().querySelectorAll("[role='group']")) group.hidden = !group.querySelector("[role='option']:not([hidden])");
  picker().querySelector("[data-none]").hidden = options().length > 0;
  const names = options().map((option) => option.firstElementChild.textContent.trim().toLowerCase());
  const same = names.indexOf(wanted);
  select(same >= 0 ? same : Math.max(0, names.findIndex((name) => name.startsWith(wanted))));
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-picks]");
  if (!opener || !picker()) return;
  event.preventDefault(); // without scripts the button asks the server for the list
  document.querySelector("#steps [name='into']").value = opener.dataset.picks;
  const box = picker().querySelector("[data-picker]");
  box.value = "";
  narrow("");
  picker().showModal();
  box.focus();
});

document.addEventListener("input", (event) => event.target.matches?.("[data-picker]") && narrow(event.target.value));
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[data-picker]") || event.isComposing) return;
  const at = options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") select(Math.min(at + 1, options().length - 1));
  else if (event.key === "ArrowUp") select(Math.max(at - 1, 0));
  else if (event.key === "Enter") options()[at]?.click();
  else return;
  event.preventDefault();
});

/* Alt with an arrow moves the condition, or the group, in which the cursor is. */
document.addEventListener("keydown", (event) => {
  const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const node = event.target.closest?.("#steps .rule, #steps .rule-group");
  if (!event.altKey || !way || !node) return;
  event.preventDefault();
  node.querySelector(`:scope > .rule-head [data-moves='${way}']`)?.click();
});

/* The new steps say where the cursor goes: to a field, else to the first field of the condition, else to it. */
function focus(steps) {
  const name = steps.querySelector("[data-focus]")?.dataset.focus;
  if (!name) return;
  const wanted = document.getElementById(`${name}.value`) ?? document.getElementById(`${name}.is`) ?? document.getElementById(name)
    ?? document.getElementById(name.replace(/^c/, "n"));
  wanted?.focus();
  wanted?.scrollIntoView({ block: "nearest" });
}

/* What is typed while the answer to a choice is on its way stays typed. Buttons move conditions, and their names with them. */
const typed = () => new Map([...document.querySelectorAll("#steps input:not([type='hidden'], [type='checkbox'])")].map((one) => [one.name, one.value]));
let sent = new Map();

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id === "steps") sent = event.target.matches("select") ? typed() : new Map();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "steps") return;
  for (const [name, value] of typed()) if (sent.get(name) === value) sent.delete(name);
    else if (sent.has(name)) sent.set(name, value);
});
function keepTyping(steps) {
  for (const [name, value] of sent) {
    const field = steps.querySelector(`input[name="${CSS.escape(name)}"]`);
    if (field) field.value = value;
  }
  sent = new Map();
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "steps") return;
  picker()?.close();
  keepTyping(event.detail.target);
  focus(event.detail.target);
  document.body.dispatchEvent(new CustomEvent("steps-changed"));
});

/* Leaving with something that was not kept asks whoever could keep it; saving and Cancel do not. What stands in the steps
   is compared without quotation marks: the number 40 is "40" once it stood in a field. What is searched by is no part. */
const ASIDE = ["csrfmiddlewaretoken", "before", "into", "q"];
const written = (form) => JSON.stringify([...new FormData(form)].filter(([name]) => !ASIDE.includes(name))).replace(/[\\"]/g, "");
const builder = document.querySelector("#builder:has([data-gives-up])");
const asFirst = builder && !("unsaved" in builder.dataset) ? written(builder) : "";
let isLeaving = false;

document.addEventListener("submit", (event) => {
  if (event.target === builder && !event.defaultPrevented) isLeaving = true;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-gives-up]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) isLeaving = true;
});
addEventListener("pageshow", () => { isLeaving = false; });
addEventListener("beforeunload", (event) => {
  if (builder && !isLeaving && written(builder) !== asFirst) event.preventDefault();
});
