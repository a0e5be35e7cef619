/* htmx: form errors (422, and 409 where somebody else was first) are swapped in like answers, pages are never kept in
   the browser's storage (they hold personal data), and a failed request says so instead of doing nothing. */
import htmx from "htmx.org";
import { toast } from "./toasts.js";

window.htmx = htmx;
Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollBehavior: "auto",
  defaultSettleDelay: 0,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "409", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

const words = () => document.body.dataset;
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401 || status === 403) return void toast(words().sayForbidden, { error: true });
  if (event.target.closest("[data-poll]") && status >= 500) return; // the next poll may do better
  toast(words().sayFailed, { error: true });
});
document.addEventListener("htmx:sendError", (event) => {
  if (!event.target.closest("[data-poll]")) toast(words().sayOffline, { error: true });
});
/* Filters that are not set stay out of the address. */
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches(".filters")) return;
  for (const [name, value] of [...event.detail.formData]) if (!value) event.detail.formData.delete(name);
});
/* A session that ended during the day answers a fragment with the sign-in page: go there instead of showing it inside. */
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.responseURL?.includes("/accounts/login/")) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
