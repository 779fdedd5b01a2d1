import { path } from "../kit/api.js";
import { chart } from "../kit/chart.js";
import { badge, element, text } from "../kit/elements.js";
import { day, isZero, number, share, words } from "../kit/format.js";
import { failure, loading, panel } from "../kit/panel.js";

export function entitlements(api) {
  return panel({
    id: "entitlements",
    title: "What is included",
    wide: true,
    load: (signal) => api.get("/api/v1/portal/entitlements", {}, { signal }),
    show: ({ items }) => (items.length ? element("div", { class: "allowances" }, ...items.map((one) => allowance(api, one))) : null),
    empty: "Nothing is limited or included.",
  });
}

function allowance(api, one) {
  const state = one.hasAccess ? badge("Available", "good") : badge(one.type === "metered" ? "Used up" : "Not available", "bad");
  const head = element("div", { class: "row apart" }, text("h3", words(one.featureKey)), state);
  if (one.type !== "metered" || one.balance === undefined) return element("div", { class: "allowance" }, head);
  const left = text("p", `${number(one.balance)} of ${number(one.total)} left`);
  const used = [`${number(one.usage)} used`, !isZero(one.overage) && `${number(one.overage)} over`, one.period && `starts anew ${day(one.period.to)}`];
  const below = text("p", used.filter(Boolean).join(" · "), { class: "muted small" });
  return element("div", { class: "allowance" }, head, left, bar(one), below, burnDown(api, one));
}

function bar({ featureKey, balance, total }) {
  const part = share(balance, total);
  const limits = { min: 0, max: 100, low: 10, high: 30, optimum: 100, value: part };
  return element("meter", { ...limits, "aria-label": `${words(featureKey)}: share that is left` }, `${Math.round(part)} %`);
}

/** Drawn when it is opened: each takes a history of its own. */
function burnDown(api, one) {
  const holder = element("div", { class: "stack" });
  const opened = async () => {
    if (!details.open || holder.childElementCount) return;
    holder.replaceChildren(loading());
    try {
      const { items } = await api.get(`/api/v1/portal${path("entitlements", one.featureKey, "history")}`);
      holder.replaceChildren(items.length ? drawn(one, items) : text("p", "Nothing yet in this period.", { class: "muted" }));
    } catch (error) {
      holder.replaceChildren(failure(error));
    }
  };
  const details = element("details", { on: { toggle: opened } }, text("summary", "Burn-down"), holder);
  return details;
}

function drawn(one, windows) {
  const at = windows.map(({ period }) => period.from);
  const series = [{ label: "Balance at the start of the day", values: windows.map(({ balanceAtStart }) => balanceAtStart) }];
  return chart({ title: `Burn-down of ${words(one.featureKey)}`, at, series, when: day, line: true });
}
