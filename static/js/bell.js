/* The bell asks once a minute how many notices are new, while somebody can see it; a page in the background asks nothing
   and asks once when it comes back. */
import htmx from "htmx.org";

const EVERY = 60_000;
let asked = Date.now();

function ask() {
  const bell = document.querySelector("[data-bell]");
  if (!bell || document.hidden || Date.now() - asked < EVERY) return;
  asked = Date.now();
  htmx.trigger(bell, "ask");
}

setInterval(ask, EVERY / 4);
document.addEventListener("visibilitychange", ask);
