import { badge, element, text } from "../kit/elements.js";
import { day, money, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { lineTable } from "./lines.js";

/** What the next invoices come to so far, line by line; whoever listens for "asked" gets the same answer. */
export function upcoming(api) {
  const card = panel({
    id: "upcoming",
    title: "Next invoice",
    wide: true,
    load: (signal) => {
      const answer = api.get("/api/v1/portal/invoices/upcoming", {}, { signal });
      card.dispatchEvent(new CustomEvent("asked", { detail: answer }));
      return answer;
    },
    show: ({ items }) => (items.length ? element("div", { class: "stack" }, ...items.map(invoice)) : null),
    empty: "Nothing is waiting to be invoiced.",
  });
  return card;
}

export function upcomingGlance(full) {
  let isFirst = true;
  const answer = () => {
    const told = new Promise((resolve) => full.addEventListener("asked", ({ detail }) => resolve(detail), { once: true }));
    if (!isFirst) full.refresh();
    isFirst = false;
    return told;
  };
  return panel({
    id: "next",
    title: "Next invoice so far",
    load: answer,
    show: ({ items }) => (items.length ? element("div", { class: "stack" }, ...items.map(glance)) : null),
    empty: "Nothing yet.",
  });
}

const when = (one) => (one.status === "gathering" ? one.invoiceAt && `To be invoiced from ${day(one.invoiceAt)}` : words(one.status));

function glance(one) {
  return element("div", {}, text("p", money(one.totals.total, one.currency), { class: "figure" }), text("p", when(one) ?? "", { class: "muted small" }));
}

function invoice(one) {
  const state = one.status === "gathering" ? badge("Usage so far") : badge("Being prepared", "warn");
  const head = element("div", { class: "row apart" }, text("p", when(one) ?? "", { class: "muted" }), state);
  return element("div", { class: "stack" }, head, lineTable(one, "Lines of the next invoice"));
}
