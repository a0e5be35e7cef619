/* What a shop's pages tell us (docs/tracking.md). Built apart and small: it runs on other people's pages.

   Nothing is stored and nothing is sent before consent; taking consent back forgets the visitor and what waits. A
   browser that says Do-Not-Track or Sec-GPC is left alone altogether. What waits is kept, bounded, in localStorage and
   sent again under the same ids, so that a lost answer counts nothing twice. */
(() => {
  const me = document.currentScript;
  const { key, consent, auto } = me.dataset;
  const to = new URL("/t/", me.src).href;
  const nav = navigator;
  const early = (window.regulars || {}).q || [];
  const V = "regulars.visitor";
  const Q = "regulars.queue."; // an event a key: two tabs that write at once take nothing from each other
  const MOST = 200;
  const silent = [nav.doNotTrack, window.doNotTrack].includes("1") || nav.globalPrivacyControl;
  const asks = consent !== "no";

  /* Storage may be forbidden: then this page remembers for itself. */
  const own = {};
  const read = (name) => {
    try { return localStorage.getItem(name); } catch { return own[name] ?? null; }
  };
  const write = (name, value) => {
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch { own[name] = value; }
  };
  const name = () => Array.from(crypto.getRandomValues(new Uint8Array(20)), (b) => (b % 36).toString(36)).join("");
  const names = () => {
    let stored = [];
    try { stored = Object.keys(localStorage); } catch {}
    return [...stored, ...Object.keys(own)].filter((one) => one.startsWith(Q));
  };
  const parsed = (one) => { try { return JSON.parse(read(one)); } catch { return null; } };
  const queue = () => names().map(parsed).filter(Boolean).sort((one, other) => one.a - other.a);
  const drop = (events) => events.forEach(({ i }) => write(Q + i, null));
  const empty = () => names().forEach((one) => write(one, null));

  let held = []; // before consent: in memory only
  let given = 0;
  let refused; // after a no, here or in another tab, nothing is held for a later yes
  let busy, again, timer, path; // again: the network came back while a try was still failing
  const may = () => { const known = read(V); return !silent && (known || (!asks && known !== "")); };

  const later = (wait) => { clearTimeout(timer); timer = setTimeout(send, wait); };

  function send() {
    const all = queue();
    if (busy || !all.length || !may()) return;
    busy = 1;
    const { v } = all[0];
    const events = all.filter((event) => event.v === v).slice(0, 25);
    const e = events.map(({ i, k, a, d }) => ({ i, k, a, d }));
    const body = JSON.stringify({ k: key, v, c: given || asks ? 1 : 0, s: Date.now(), e });
    fetch(to, { method: "POST", body, keepalive: true, credentials: "omit" })
      .then(({ status }) => {
        busy = 0;
        if (status > 499 || status === 429) return later(30000);
        drop(events);
        if (names().length) later(0);
      })
      .catch(() => { busy = 0; later(again ? 0 : 30000); again = 0; });
  }

  function keep(event) {
    if (!read(V)) write(V, name());
    event.v = read(V);
    if (JSON.stringify(event).length < 2000) write(Q + event.i, JSON.stringify(event));
    drop(queue().slice(0, -MOST));
    later(event.k === "identify" ? 0 : 1000);
  }

  function tell(kind, data) {
    const event = { i: name(), k: kind, a: Date.now(), d: data || {} };
    if (may()) {
      refused = 1; // once allowed: what is not allowed any more was refused, perhaps elsewhere
      keep(event);
    } else if (asks && !refused && held.length < MOST) held.push(event);
  }

  function agree(yes) {
    given = +yes;
    refused = !yes;
    if (!yes) {
      held = [];
      empty();
      return write(V, asks ? null : "");
    }
    if (!read(V)) {
      empty(); // what another visitor left unsent is nobody's
      write(V, name());
    }
    held.splice(0).forEach(keep);
    send();
  }

  function page(data) {
    path = location.pathname;
    let referrer = "";
    try { referrer = new URL(document.referrer).host; } catch {}
    tell("page", { path, referrer, ...data });
  }

  function regulars(what, data) {
    if (silent) return;
    if (what === "consent") agree(data);
    else if (what === "identify") tell(what, { token: data });
    else if (what === "reset") may() && write(V, name());
    else if (what === "page") page(data);
    else tell(what === "cart" ? "cart_add" : what, data);
  }

  window.regulars = regulars;
  if (silent) { empty(); write(V, null); return; }
  if (auto !== "no") {
    const moved = () => path !== location.pathname && page();
    const push = history.pushState;
    history.pushState = function (...how) { push.apply(this, how); moved(); };
    addEventListener("popstate", moved);
    page();
  }
  early.forEach((call) => regulars(...call));
  addEventListener("online", () => { again = busy; send(); });
  // Consent taken back in another tab: what this one wrote at that moment goes too.
  addEventListener("storage", ({ key, newValue }) => key === V && !newValue && empty());
  document.addEventListener("visibilitychange", () => document.hidden && send());
  send();
})();
