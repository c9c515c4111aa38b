// Keeps an open page true: when the server says that rows have changed, the page is fetched anew and the parts that differ are
// replaced. Everything works without it.
"use strict";
const seen = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, part.innerHTML]));
const replace = async () => {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (!next || next.innerHTML === seen.get(part.id)) continue;
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    const focused = part.contains(document.activeElement) ? [...part.querySelectorAll("a,summary,button")].indexOf(document.activeElement) : -1;
    // A mail that is being read stays; the part is replaced at the first news after it was closed.
    if (part.querySelector("details[open] iframe")) continue;
    seen.set(part.id, next.innerHTML);
    part.replaceChildren(...next.childNodes);
    part.querySelectorAll("details").forEach((one, place) => { one.open = open[place] ?? false; });
    if (focused >= 0) part.querySelectorAll("a,summary,button")[focused]?.focus();
  }
};
let busy = false;
let again = false;
const refresh = async () => {
  if (busy) { again = true; return; }
  busy = true;
  try { await replace(); } catch { /* the next change tries again */ }
  busy = false;
  if (again) { again = false; refresh(); }
};
// A browser allows six connections to a server over HTTP/1.1, and a page that was left or is hidden would keep one: it lets go of
// it, and looks for what it missed when it is seen again.
let source = null;
const listen = () => {
  if (source || document.hidden) return;
  source = new EventSource("/live");
  source.addEventListener("version", refresh);
};
const leave = () => { source?.close(); source = null; };
document.addEventListener("visibilitychange", () => { document.hidden ? leave() : listen(); });
addEventListener("pagehide", leave);
addEventListener("pageshow", listen);
listen();
