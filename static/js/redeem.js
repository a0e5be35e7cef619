/* How many points to redeem: quick choices, and words that say what will happen with the number that stands there. */
const write = (number) => new Intl.NumberFormat(document.documentElement.lang || "en").format(number);

function tell(form) {
  const has = Number(form.dataset.has);
  const wanted = Number(form.querySelector("[data-spends]").value);
  const fits = Number.isInteger(wanted) && wanted > 0;
  const line = form.querySelector("[data-tells]");
  const button = form.querySelector("[data-says]");
  button.textContent = button.dataset.says.replace("{n}", fits ? write(wanted) : "").trim();
  const words = line.dataset;
  const family = (has ? words.tellsFamily : words.tellsOnlyFamily) || "";
  line.textContent = !fits ? "" : wanted > Number(form.dataset.together) ? words.tooMany
    : wanted > has ? family.replace("{own}", write(has)).replace("{rest}", write(wanted - has))
    : words.tells.replace("{n}", write(wanted)).replace("{left}", write(has - wanted));
}

document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-spend]");
  if (!choice) return;
  const input = choice.form.querySelector("[data-spends]");
  input.value = choice.dataset.spend;
  tell(choice.form);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-spends]")) tell(event.target.form);
});
/* The form has just come: its number is chosen, so that typing replaces it. At the Counter the next code is typed or
   scanned as soon as the form has gone. */
document.addEventListener("htmx:load", (event) => {
  const form = event.target.querySelector?.("form.redeem");
  if (form) {
    tell(form);
    const spends = form.querySelector("[data-spends]");
    spends.focus();
    spends.select();
  } else if (event.target.matches?.(".till") && !document.querySelector("dialog[open]")) document.querySelector("[data-find][data-main]")?.focus();
});
