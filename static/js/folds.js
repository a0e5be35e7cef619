/* details.fold: closed on a phone until somebody opens it. On a wide screen the style sheet shows it whole; here it is said
   to screen readers and the keyboard, too. A link to a place in a fold opens the fold. */
const narrow = matchMedia("(max-width: 820px)");
const folds = () => document.querySelectorAll("details.fold");

function fit() {
  for (const one of folds()) {
    if (!narrow.matches) one.open = true;
    one.querySelector("summary").tabIndex = narrow.matches ? 0 : -1;
  }
}

function reveal(hash) {
  const place = hash.length > 1 && document.getElementById(hash.slice(1));
  const fold = place && place.closest("details.fold");
  if (fold) fold.open = true;
}

fit();
reveal(location.hash);
narrow.addEventListener("change", fit);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link) reveal(link.hash);
});
/* What was drawn while it was folded has no size yet. */
document.addEventListener("toggle", (event) => event.target.matches("details.fold[open]") && dispatchEvent(new Event("resize")), true);
