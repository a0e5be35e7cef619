/* The members' pages work without this. It installs the worker that keeps the card, and forgets it on the way out. */
const page = document.body.dataset;

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(page.worker, { scope: page.home }).then(() => navigator.serviceWorker.ready).then((ready) => {
    const files = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src]")].map((one) => one.href || one.src);
    ready.active.postMessage({ files, card: "in" in page ? page.home : "" });
  }).catch(() => {});
}

document.querySelector("[data-out]")?.addEventListener("submit", () => {
  if ("caches" in window) caches.delete("member-card");
});

const share = document.querySelector("[data-share]");
if (share) {
  const link = document.querySelector(share.dataset.share);
  share.hidden = false;
  share.addEventListener("click", async () => {
    if (navigator.share) return navigator.share({ url: link.value }).catch(() => {});
    await navigator.clipboard?.writeText(link.value).catch(() => link.select());
    share.textContent = share.dataset.done;
  });
}
