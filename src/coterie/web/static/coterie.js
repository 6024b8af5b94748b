// Coterie in the browser: sees what visitors do and tells the server. No dependency, nothing to build.
// Comments stand on lines of their own: the server removes them and the indentation before it sends this file.
(() => {
  "use strict";
  const stub = window.coterie || [], script = document.currentScript || {};
  if (stub.version) return;
  const options = {
    host: script.src ? new URL(script.src).origin : "",
    consent: "given", purpose: "analytics", tcf: { advertising: [2, 3, 4], personalization: [5, 6], analytics: [8, 9] },
    pages: true, scroll: true, video: true, clicks: true, dataLayer: "dataLayer", rename: {},
    cookie: "coterie", cookieDays: 365, cookieDomain: "", cookieRenew: true,
    delay: 1000, batch: 50, queue: 500
  };
  // kept: what lies in localStorage: {queue, userId, consent}. waiting: calls before a consent that is required, in memory only.
  let kept = { queue: [] }, waiting = [], loaded, refused, forgetful, id, timer, sending, beaconed, failures = 0, depth = 0;
  let current, referrer = document.referrer;

  // ── what is kept in the browser ──
  // Other tabs write too, so every change reads first; two tabs that send the same message send the same messageId.
  const read = () => {
    try {
      if (!forgetful) kept = JSON.parse(localStorage.getItem(options.cookie)) || { queue: [] };
    } catch (e) { forgetful = 1; }
  };
  const keep = () => {
    try { localStorage.setItem(options.cookie, JSON.stringify(kept)); } catch (e) { forgetful = 1; }
  };
  const cookie = (value, days) => {
    document.cookie = options.cookie + "=" + value + ";path=/;SameSite=Lax;max-age=" + days * 86400 +
      (options.cookieDomain && ";domain=" + options.cookieDomain) + (location.protocol == "https:" ? ";Secure" : "");
  };
  // randomUUID is there on https and localhost only.
  const uuid = () => crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(/[018]/g,
    c => (c ^ crypto.getRandomValues(new Uint8Array(1))[0] & 15 >> c / 4).toString(16));
  // The cookie is renewed once a page, or, with cookieRenew false, lives its days and is then replaced by another id.
  const anonymousId = () => {
    const found = ("; " + document.cookie).split("; " + options.cookie + "=")[1], fresh = !id;
    id = found ? found.split(";")[0] : !navigator.cookieEnabled && id || uuid();
    if (!found || fresh && options.cookieRenew) cookie(id, options.cookieDays);
    return id;
  };

  // ── consent ──
  const allowed = () => loaded && (kept.consent ? kept.consent[options.purpose] === true : options.consent != "required");
  const consent = preferences => {
    const before = allowed();
    read();
    kept.consent = { ...kept.consent, ...preferences };
    refused = !allowed();
    if (before || !refused) {
      keep();
      queue(message("track", { event: "Consent Preference Updated" }));
    }
    if (refused) {
      // The server is told of a withdrawal; then nothing stays. Where consent is presumed, the refusal itself does.
      if (before) {
        kept.queue.unshift(kept.queue.pop());
        beacon();
      }
      cookie("", 0);
      id = 0;
      kept = { queue: [], consent: kept.consent };
      forgetful || localStorage.removeItem(options.cookie);
      if (options.consent != "required") keep();
    } else waiting.forEach(queue);
    waiting = [];
  };

  // A consent banner that speaks the TCF: its TC string goes along, purposes stand on those of the IAB's list (options.tcf).
  const banner = () => window.__tcfapi && __tcfapi("addEventListener", 2, ({ tcString, purpose, eventStatus }) => {
    read();
    if (!tcString || eventStatus == "cmpuishown" || tcString == (kept.consent || {}).tcf) return;
    const said = { tcf: tcString };
    for (const name in options.tcf) said[name] = options.tcf[name].every(number => purpose.consents[number]);
    consent(said);
  });

  // ── sending ──
  const page = () => ({
    url: location.href, path: location.pathname, search: location.search, title: document.title, referrer
  });
  const message = (type, fields) => {
    const context = {
      library: { name: "coterie.js", version: api.version }, page: page(), locale: navigator.language,
      userAgent: navigator.userAgent, screen: { width: screen.width, height: screen.height },
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone
    };
    new URLSearchParams(location.search).forEach((value, name) => {
      const [, field] = /^utm_(.+)/.exec(name) || [];
      if (field) (context.campaign = context.campaign || {})[field == "campaign" ? "name" : field] = value;
    });
    return { type, messageId: uuid(), timestamp: new Date().toISOString(), context, ...fields };
  };
  const send = (type, fields) => {
    const made = message(type, fields);
    if (allowed()) queue(made);
    else if (!refused && waiting.length < 100) waiting.push(made);
  };
  const bytes = text => new Blob([text]).size;
  const queue = made => {
    read();
    made.anonymousId = anonymousId();
    if (made.type == "alias") made.previousId = made.previousId || kept.userId || id;
    if (/identify|alias/.test(made.type) && made.userId) kept.userId = made.userId;
    made.userId = made.userId || kept.userId;
    if (kept.consent) made.context.consent = { categoryPreferences: kept.consent, tcf: kept.consent.tcf };
    if (bytes(JSON.stringify(made)) > 32e3) console.warn("coterie: an event above 32 KB was left out");
    else if (kept.queue.push(made) > options.queue) kept.queue.shift();
    keep();
    later(options.delay);
  };
  const later = ms => { timer = timer || setTimeout(flush, ms); };
  const body = (size, count) => {
    const batch = [];
    kept.queue.slice(0, count).every(one => (size -= bytes(JSON.stringify(one)) + 1) > 0 && batch.push(one));
    return [batch, JSON.stringify({ writeKey: options.writeKey, sentAt: new Date().toISOString(), batch })];
  };
  const flush = () => {
    timer = clearTimeout(timer);
    read();
    if (sending || !allowed() || !kept.queue.length) return;
    const [batch, text] = body(4e5, options.batch), ids = batch.map(one => one.messageId);
    let wait = 0;
    sending = 1;
    // text/plain and no header of ours: the browser need not ask for permission first.
    fetch(options.host + "/v1/batch", { method: "POST", body: text, credentials: "omit" }).then(answer => {
      const { status } = answer;
      if (status == 429 || status == 408 || status > 499) throw wait = answer.headers.get("Retry-After") * 1e3;
      if (!answer.ok) console.warn("coterie: the server answered", status);
      read();
      if (status == 413 && ids[1]) options.batch = ids.length >> 1;
      else kept.queue = kept.queue.filter(one => !ids.includes(one.messageId));
      if (allowed()) keep();
      failures = 0;
    }).catch(() => {
      wait = Math.max(wait, Math.min(6e4, 500 * 2 ** ++failures) * (0.5 + Math.random()));
    }).then(() => {
      sending = 0;
      if (kept.queue.length) later(wait);
    });
  };
  // A beacon has no answer: what it carried stays queued until a later answer, and the server counts a messageId once.
  const beacon = () => {
    const [batch, text] = body(6e4), { messageId } = batch[batch.length - 1] || {};
    // A closed page becomes hidden too: once is enough.
    if (messageId && messageId != beaconed) navigator.sendBeacon(options.host + "/v1/batch", text);
    beaconed = messageId;
  };
  const leave = () => {
    read();
    if (allowed()) beacon();
  };

  // ── what happens on a page ──
  const track = (event, properties = {}) => send("track", { event, properties });
  const see = () => {
    if (current == location.href) return;
    referrer = current || referrer;
    current = location.href;
    depth = 0;
    if (options.pages) api.page();
    setTimeout(scrolled, 500);
  };
  const scrolled = () => {
    const height = document.documentElement.scrollHeight, seen = (scrollY + innerHeight + 2) / height * 100;
    if (options.scroll && height > innerHeight + 2) [25, 50, 75, 90, 100].forEach(percent => {
      if (percent > depth && seen >= percent) track("scroll_depth", { percent: depth = percent });
    });
  };
  const watched = ({ target: video, type }) => {
    const share = Math.floor(video.currentTime / video.duration * 4) * 25 || 0, progress = type == "timeupdate";
    if (video.tagName != "VIDEO" || progress && !(share > (video.coterie || 0) && share < 100)) return;
    if (type != "play") video.coterie = progress ? share : 0;
    track(progress ? "video_progress" : type == "play" ? "video_play" : "video_complete", {
      src: video.currentSrc, title: video.title || video.id, percent: type == "ended" ? 100 : share,
      position: Math.round(video.currentTime), duration: Math.round(video.duration) || 0
    });
  };
  // "12.5" and "true" become a number and a boolean; "007" stays a text.
  const plain = text => {
    try {
      const value = JSON.parse(text);
      return typeof value != "object" && String(value) == text ? value : text;
    } catch (e) { return text; }
  };
  const clicked = ({ target }) => {
    const element = target.closest && target.closest("[data-coterie-event]"), properties = {};
    if (!element) return;
    for (const { name, value } of element.attributes) {
      const [, field] = /^data-coterie-(.+)/.exec(name) || [];
      if (field && field != "event") properties[field.replace(/-/g, "_")] = plain(value);
    }
    if (element.href) properties.href = element.href;
    track(element.dataset.coterieEvent, properties);
  };

  // ── dataLayer: {event, ecommerce, …} of Google Tag Manager, and gtag("event" | "consent", …) ──
  const pushed = entry => {
    let [verb, event, from = {}] = entry && entry[0] && entry.length ? entry : ["event", entry && entry.event, entry];
    if (verb == "consent" && event == "update") {
      const said = {};
      for (const purpose in from) said[purpose] = from[purpose] == "granted";
      consent(said);
    }
    if (verb != "event" || typeof event != "string" || /^gtm\./.test(event)) return;
    const { ecommerce, ...properties } = { ...from, ...from.ecommerce }, { items, transaction_id } = properties;
    for (const name in properties) if (/^(event$|event[CT]|gtm\.|send_to)/.test(name)) delete properties[name];
    // One item is what the event is about: its fields are the event's too.
    if (items && items.length == 1) for (const name in items[0]) {
      const field = name.replace(/^item_(id|name|category)$/, "product_$1");
      if (!(field in properties)) properties[field] = items[0][name];
    }
    if (transaction_id) properties.order_id = transaction_id;
    try {
      track(options.rename[event] || event, JSON.parse(JSON.stringify(properties)));
    } catch (e) { console.warn("coterie: not JSON", event); }
  };
  const bridge = () => {
    const layer = window[options.dataLayer] = window[options.dataLayer] || [], push = layer.push;
    layer.slice().forEach(pushed);
    layer.push = (...entries) => {
      const length = push.apply(layer, entries);
      entries.forEach(pushed);
      return length;
    };
  };
  const listen = () => {
    const { pushState } = history;
    history.pushState = (...state) => {
      pushState.apply(history, state);
      setTimeout(see);
    };
    addEventListener("popstate", () => setTimeout(see));
    addEventListener("scroll", scrolled, { passive: true, capture: true });
    if (options.video) ["play", "timeupdate", "ended"].forEach(type => addEventListener(type, watched, true));
    if (options.clicks) addEventListener("click", clicked, true);
    addEventListener("pagehide", leave);
    addEventListener("online", flush);
    document.addEventListener("visibilitychange", () => document.hidden ? leave() : flush());
  };

  const api = window.coterie = {
    version: "1",
    load(writeKey, given) {
      // A page that is only rendered ahead is not seen yet.
      const again = () => api.load(writeKey, given);
      if (document.prerendering) return document.addEventListener("prerenderingchange", again, { once: true });
      if (loaded) return;
      Object.assign(options, given, { writeKey });
      loaded = true;
      read();
      refused = kept.consent && !allowed();
      if (allowed()) waiting.splice(0).forEach(queue);
      banner();
      listen();
      see();
      if (options.dataLayer) bridge();
      flush();
    },
    track,
    page: (name, properties) => send("page", { name, properties: { ...page(), ...properties } }),
    identify: (userId, traits = {}) =>
      send("identify", typeof userId == "object" ? { traits: userId } : { userId: String(userId), traits }),
    group: (groupId, traits = {}) => send("group", { groupId, traits }),
    alias: (userId, previousId) => send("alias", { userId, previousId }),
    reset() {
      read();
      delete kept.userId;
      id = 0;
      cookie("", 0);
      if (allowed()) keep();
    },
    consent, flush,
    anonymousId: () => allowed() ? anonymousId() : undefined,
    userId: () => kept.userId
  };
  // Calls made before this file had come: load first.
  if (script.dataset && script.dataset.writeKey) api.load(script.dataset.writeKey, JSON.parse(script.dataset.options || "{}"));
  [...stub].sort((a, b) => (b[0] == "load") - (a[0] == "load")).forEach(([name, ...given]) => api[name](...given));
})();
