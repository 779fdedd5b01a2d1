import { badge, element, text } from "../kit/elements.js";
import { day, period, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { priceList } from "../kit/price.js";

/** The current plan at a glance, with its prices below. */
export function planGlance(api) {
  return panel({
    id: "plan",
    title: "Plan",
    load: (signal) => api.get("/api/v1/portal/subscriptions", {}, { signal }),
    show: ({ items }) => (items.length ? element("div", { class: "stack" }, ...items.map(subscription)) : null),
    empty: "No subscription.",
  });
}

function subscription(one) {
  const state = one.status === "active" ? badge("Active", "good") : badge(words(one.status), "warn");
  const since = one.status === "scheduled" ? `Starts ${day(one.activeFrom)}` : one.activeTo && `Ends ${day(one.activeTo)}`;
  const now = one.currentPeriod && `Current period ${period(one.currentPeriod.from, one.currentPeriod.to)}`;
  return element(
    "div",
    { class: "stack" },
    element("div", { class: "row apart" }, text("p", one.name, { class: "figure" }), state),
    text("p", [since, now].filter(Boolean).join(" · "), { class: "muted small" }),
    element("details", {}, text("summary", "Prices"), priceList(one.items, one.currency)),
  );
}
