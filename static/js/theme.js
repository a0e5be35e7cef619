/* Light, dark, or as the system says. The server renders the stored choice; this only follows a change of the system's. */
const dark = matchMedia("(prefers-color-scheme: dark)");

export function apply() {
  const choice = document.documentElement.dataset.theme || "auto";
  const theme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  if (document.documentElement.dataset.bsTheme === theme) return;
  document.documentElement.dataset.bsTheme = theme;
  document.dispatchEvent(new CustomEvent("theme:changed"));
}

dark.addEventListener("change", apply);
apply();
