/* Pages come from the network. Of what is personal only the card is kept, for when there is no net, and it goes as soon
   as an answer says that nobody is signed in ("X-Member: out"): after signing out, the end of a session, an erasure. */
const CARD = "member-card", FILES = "member-files", PATIENCE = 5000;
const home = new URL(self.registration.scope).pathname;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(keep(event.data)));
self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(navigated(request, url));
  else if (["style", "script", "image"].includes(request.destination)) event.respondWith(file(request));
});

async function keep({ files = [], card = "" }) {
  const cache = await caches.open(FILES);
  await Promise.all(files.map(async (address) => (await cache.match(address)) || cache.add(address).catch(() => {})));
  if (card) await fetch(card).then(noted).catch(() => {});
  else await caches.delete(CARD);
}

/* Redirects and errors say nothing; an answer of ours says who is in. */
async function noted(answer) {
  const who = answer.headers.get("X-Member");
  if (who === "out") await caches.delete(CARD);
  const path = new URL(answer.url || "/", self.location).pathname;
  if (who === "in" && answer.ok && path === home) await (await caches.open(CARD)).put(home, answer.clone());
  return answer;
}

async function navigated(request, url) {
  const fresh = fetch(request).then(noted);
  const kept = await (await caches.open(CARD)).match(home);
  if (!kept) return fresh.catch(nothing);
  const isHome = url.pathname === home;
  const late = new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE));
  const first = await (isHome ? Promise.race([fresh, late]) : fresh).catch(() => null);
  return first || old(kept);
}

async function old(kept) {
  const html = (await kept.text()).replace('data-kept="0"', 'data-kept="1"');
  return new Response(html, { headers: kept.headers });
}

function nothing() {
  const words = "No connection. · 没有网络。 · 沒有網路。";
  return new Response(`<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>–</title><p>${words}</p>`,
    { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}

async function file(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) await (await caches.open(FILES)).put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await caches.match(request);
    if (kept) return kept;
    throw error;
  }
}
