"use strict";
(() => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const drawn = new Map();
  const NARROW_FACET = 125;

  // Width for a chart: its own, or where it is folded away, that of what is shown around it.
  const room = (place) => {
    for (let at = place; at; at = at.parentElement) {
      if (at.clientWidth > 0) return Math.floor(at.clientWidth);
    }
    return 640;
  };

  // Words to the left of a chart take a third of it at most.
  const set = (width) => ({
    ...settings,
    axisY: { ...settings.axisY, labelLimit: Math.max(80, Math.round(width * 0.33)) },
  });

  const fitted = (spec, width) => {
    if (!spec.facet) return { ...spec, width, autosize: { type: "fit-x", contains: "padding" } };
    const columns = Math.max(1, Math.min(spec.columns || 3, Math.floor((width - 50) / NARROW_FACET)));
    const each = Math.max(NARROW_FACET - 24, Math.floor((width - 60) / columns) - 24);
    return { ...spec, columns, spec: { ...spec.spec, width: each } };
  };

  const draw = async (place) => {
    const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
    const width = room(place);
    drawn.set(place, { width, view: null });
    const canvas = document.createElement("div"); // Vega names what it draws in; the place has a name of its own.
    place.replaceChildren(canvas);
    try {
      const options = {
        mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false, config: set(width),
        tooltip: { disableDefaultStyle: true },
      };
      const made = await vegaEmbed(canvas, fitted(spec, width), options);
      const old = drawn.get(place);
      drawn.set(place, { width: old.width, view: made.view, facet: Boolean(spec.facet) });
    } catch (error) {
      place.textContent = "This chart could not be drawn; its numbers are in the table.";
      console.error(error);
    }
  };

  const resized = (place) => {
    const known = drawn.get(place);
    if (!known || !known.view || place.clientWidth === 0) return;
    const width = room(place);
    if (Math.abs(width - known.width) < 2) return;
    known.width = width;
    if (known.facet) {
      known.view.finalize();
      draw(place);
    } else {
      known.view.width(width).runAsync();
    }
  };

  // --- tables --------------------------------------------------------------------------------------------------

  const UNITS = [[/\bbn\b/, 1e9], [/\bmillion\b/, 1e6]];

  // A cell as a number: signs and separators as they are written here; "never" is last of the numbers, "–" has none.
  const measured = (text) => {
    const plain = text.trim().replace(/[\u2212]/g, "-").replace(/(\d),(?=\d{3})/g, "$1");
    if (plain === "never") return Infinity;
    if (plain === "-\u221e") return -Infinity;
    const found = plain.match(/^([<>]?)\s*\+?(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/i);
    if (!found) return NaN;
    const unit = UNITS.find(([pattern]) => pattern.test(plain));
    const slightly = found[1] === "<" ? -1e-9 : found[1] === ">" ? 1e-9 : 0;
    return Number(found[2]) * (unit ? unit[1] : 1) + slightly;
  };

  const sort = (table, column, head) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    const body = table.tBodies[0];
    const numeric = head.classList.contains("n");
    const rows = [...body.rows].map((row) => {
      const text = row.cells[column].textContent;
      return { row, text, number: numeric ? measured(text) : NaN };
    });
    const sign = up ? 1 : -1;
    rows.sort((a, b) => {
      if (numeric) {
        if (Number.isNaN(a.number) || Number.isNaN(b.number)) return Number.isNaN(a.number) - Number.isNaN(b.number);
        return a.number === b.number ? 0 : sign * (a.number < b.number ? -1 : 1);
      }
      return sign * a.text.localeCompare(b.text, "en", { numeric: true });
    });
    body.append(...rows.map((one) => one.row));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.querySelector("button")?.addEventListener("click", () => sort(table, column, head));
    });
  }

  // --- folding -------------------------------------------------------------------------------------------------

  // A link to a folded part opens it.
  const reveal = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (!target) return;
    const inside = target.querySelector(":scope > details.fold");
    if (inside) inside.open = true;
    for (let at = target.parentElement; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.short:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
    opened = [];
  });

  // --- start ---------------------------------------------------------------------------------------------------

  const places = [...document.querySelectorAll(".chart")];
  const watch = new ResizeObserver((entries) => {
    requestAnimationFrame(() => {
      if (!matchMedia("print").matches) for (const entry of entries) resized(entry.target);
    });
  });
  Promise.all(places.map(draw)).then(() => {
    for (const place of places) watch.observe(place);
    document.documentElement.dataset.drawn = String(places.length);
  });
})();
