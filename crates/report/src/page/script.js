// Lights up what belongs together, filters, hears the keyboard. All that is read is in the page already.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  const rows = all(".claim");
  // Claim number -> its row, its words and its places.
  const parts = new Map(rows.map((row) => [row.dataset.claims, [row]]));
  for (const part of all(".mark, .region, .everywhere .chip")) {
    for (const number of part.dataset.claims.split(" ")) parts.get(number)?.push(part);
  }
  const numbersOf = (element) => (element.dataset.claims ?? "").split(" ").filter(Boolean);
  const byId = (id) => (id ? document.getElementById(id) : null);

  // One stop of the Tab key for all places of a picture, and one for all claims: arrows walk among them.
  const tabbable = (elements, which) => elements.forEach((each) => (each.tabIndex = each === which ? 0 : -1));
  const places = all(".region:not(.whole)");
  tabbable(all(".region, .seen .chip"), places[0]);

  let chosen = null;
  const marked = { on: [], hot: [] };
  const light = (name, elements) => {
    marked[name].forEach((element) => element.classList.remove(name));
    marked[name] = elements;
    elements.forEach((element) => element.classList.add(name));
    root.classList.toggle("lit", marked.on.length + marked.hot.length > 0);
  };
  const partsOf = (numbers) => numbers.flatMap((number) => parts.get(number) ?? []);

  const choose = (number, from) => {
    chosen = number;
    const together = number ? partsOf([number]) : [];
    light("on", together);
    const row = number ? parts.get(number)[0] : visible()[0];
    tabbable(rows, row);
    tabbable(all(".seen .chip"), null);
    if (number) row.querySelectorAll(".chip").forEach((chip) => (chip.tabIndex = 0));
    rows.forEach((each) => (each.ariaCurrent = each === row && number ? "true" : null));
    if (!number) return;
    const near = { block: "nearest", inline: "nearest" };
    if (!from?.closest(".claim")) row.scrollIntoView(near);
    if (!from?.closest(".overlay")) {
      const place = together.find((part) => part.matches(".region:not(.whole)"));
      place?.querySelector(".line").scrollIntoView(near);
      // The picture is beside the list, or scrolls inside its window; above the list it would take the list away.
      if (getComputedStyle(one(".look")).position === "static") row.scrollIntoView(near);
    }
    try { history.replaceState(null, "", `#claim-${number}`); } catch { /* not from every kind of address */ }
  };

  // Pointer and focus light up for a moment, a click for good.
  const pointed = (target) => {
    const element = target instanceof Element ? target.closest("[data-claims], [data-picture]") : null;
    if (!element) return [];
    if (element.dataset.picture) {
      const id = element.dataset.picture;
      return [byId(id), ...all(`.cut[data-picture="${CSS.escape(id)}"]`)].filter(Boolean);
    }
    const region = byId(element.dataset.region);
    const own = element.matches(".seen .chip") && region ? [region] : partsOf(numbersOf(element));
    return [...own, element];
  };
  document.addEventListener("pointerover", (event) => light("hot", pointed(event.target)));
  document.addEventListener("pointerleave", () => light("hot", []));
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(":focus-visible")) light("hot", pointed(event.target));
  });
  document.addEventListener("focusout", () => light("hot", []));

  document.addEventListener("click", (event) => {
    const element = event.target.closest(".mark, .region, .chip, .claim");
    if (!element) {
      if (!event.target.closest("a, button, input, label, summary, dialog, pre")) choose(null);
      return;
    }
    if (String(getSelection()) && element.matches(".claim")) return;
    event.preventDefault();
    const numbers = numbersOf(element);
    // Where several claims share words or a place, each click goes on to the next one.
    const next = numbers[(numbers.indexOf(chosen) + 1) % numbers.length];
    const again = numbers.length === 1 && chosen === next && element.matches(".claim");
    choose(again ? null : next, element);
    if (element.matches(".chip")) light("hot", pointed(element));
  });

  // Filter
  const field = one("#filter");
  const found = one("#found");
  const buttons = all("[data-filter]");
  let verdict = null;
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const visible = () => rows.filter((row) => !row.hidden);
  const filter = () => {
    const wanted = (field?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = words.get(row);
      row.hidden = (verdict && row.dataset.verdict !== verdict) || !wanted.every((word) => text.includes(word));
    }
    buttons.forEach((button) => (button.ariaPressed = String(button.dataset.filter === verdict)));
    const count = visible().length;
    if (found) found.textContent = count === rows.length ? "" : `${count} of ${rows.length}`;
    if (chosen && parts.get(chosen)[0].hidden) choose(null);
  };
  const only = (which) => { verdict = verdict === which ? null : which; filter(); };
  field?.addEventListener("input", filter);
  buttons.forEach((button) => button.addEventListener("click", () => only(button.dataset.filter)));

  // Switches
  const theme = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("lavr-theme", root.dataset.theme); } catch { /* not from every kind of address */ }
  };
  try {
    const kept = localStorage.getItem("lavr-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch { /* the reader's own setting holds */ }
  const boxes = () => {
    const hidden = root.classList.toggle("hide-boxes");
    const button = one("#boxes");
    if (button) button.ariaPressed = String(!hidden);
  };
  const unfold = () => {
    const calls = all("details.call");
    const open = !calls.every((call) => call.open);
    calls.forEach((call) => (call.open = open));
    const button = one("#unfold");
    if (button) { button.ariaPressed = String(open); button.textContent = open ? "fold" : "unfold"; }
  };
  const help = one("#help");
  const on = (id, action) => one(id)?.addEventListener("click", action);
  on("#theme", theme);
  on("#boxes", boxes);
  on("#unfold", unfold);
  on("#help-button", () => help.showModal());
  on("#help-close", () => help.close());

  // Keyboard
  const move = (by) => {
    const list = visible();
    const place = list.findIndex((row) => row.dataset.claims === chosen);
    const next = list[place < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(place + by, 0), list.length - 1)];
    if (!next) return;
    choose(next.dataset.claims);
    next.focus({ preventScroll: true });
  };
  const keys = {
    j: () => move(1), k: () => move(-1), "/": () => field?.focus(), b: boxes, t: theme, e: unfold,
    "?": () => help.showModal(), Escape: () => choose(null),
    1: () => only("contradicted"), 2: () => only("supported"), 3: () => only("insufficient"), 0: () => only(null),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target === field) {
      if (event.key === "Escape") { field.value = ""; filter(); field.blur(); }
      else if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); move(1); }
      return;
    }
    const place = places.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (place >= 0 && step) {
      event.preventDefault();
      const next = places[(place + step + places.length) % places.length];
      tabbable(places, next);
      next.focus();
      return;
    }
    const row = event.target.closest?.(".claim");
    const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (row && arrow) { event.preventDefault(); move(arrow); return; }
    if (row === event.target && row && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      choose(row.dataset.claims);
      return;
    }
    if (Object.hasOwn(keys, event.key)) { event.preventDefault(); keys[event.key](); }
  });

  const start = /^#claim-(\d+)$/.exec(location.hash)?.[1];
  choose(start && parts.has(start) ? start : null);
})();
