/* The demo shop's own script: it tells the tracking script what happens, as a shop's would. */
const tell = (...what) => (window.regulars ? window.regulars(...what) : addEventListener("load", () => window.regulars?.(...what)));
const said = ({ tells, tellsOnClick, ...data }) => [tells || tellsOnClick, data];

for (const part of document.querySelectorAll("[data-tells]")) tell(...said(part.dataset));
for (const part of document.querySelectorAll("[data-tells-on-click]"))
  part.addEventListener("click", () => {
    tell(...said(part.dataset));
    document.getElementById("done").hidden = false;
  });
for (const part of document.querySelectorAll("[data-agrees]"))
  part.addEventListener("click", () => {
    tell("consent", Boolean(part.dataset.agrees));
    document.getElementById("consent").hidden = true;
  });
if (document.body.dataset.token) tell("identify", document.body.dataset.token);
