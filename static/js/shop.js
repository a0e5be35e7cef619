/* The demo shop's own script: it tells the tracking script what happens, as a shop's would. */
const tell = (...what) => (window.regulars ? window.regulars(...what) : addEventListener("load", () => window.regulars?.(...what)));
const said = ({ tells, tellsOnClick, ...data }) => [tells || tellsOnClick, data];

for (const part of document.querySelectorAll("[data-tells]")) tell(...said(part.dataset));
for (const part of document.querySelectorAll("[data-tells-on-click]"))
  part.addEventListener("click", () => {
    tell(...said(part.dataset));
    document.getElementById("done").hidden = false;
  });

/* The answer is the shop's to remember: a cookie of its own, kept half a year, so that no page asks again. A shop tells
   the tracking script on every page what was said, and again when the visitor thinks otherwise. */
const banner = document.getElementById("consent");
const again = document.getElementById("ask-again");
function answer(said) {
  document.cookie = `shop_answer=${said};path=/shop/;max-age=15552000;samesite=lax`;
  tell("consent", said === "yes");
  for (const part of banner.querySelectorAll("[data-answered]")) part.hidden = part.dataset.answered !== said;
  banner.hidden = true;
  again.hidden = false;
}
if (banner) {
  for (const part of banner.querySelectorAll("[data-agrees]")) part.addEventListener("click", () => answer(part.dataset.agrees));
  again.addEventListener("click", () => {
    banner.hidden = false;
    banner.querySelector("button").focus();
  });
  if (document.cookie.includes("shop_answer=yes")) tell("consent", true);
}
if (document.body.dataset.token) tell("identify", document.body.dataset.token);
