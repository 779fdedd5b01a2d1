/** Subscriptions: all or of a plan, with phases and what is sold in them. */
import { path } from "../kit/api.js";
import { element, facts, select, text } from "../kit/elements.js";
import { day, moment, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { priceWords } from "../kit/price.js";
import { table } from "../kit/table.js";
import { code, heading, link, listed, state, tableOrNull } from "./parts.js";

export function subscriptions(session, [id]) {
  return id ? subscription(session, id) : list(session);
}

function list(session) {
  const { api } = session;
  let plan = "";
  let status = "";
  const holder = element("div", { class: "row" });
  const card = panel({
    title: "All subscriptions",
    wide: true,
    tools: [holder],
    load: async (signal) => {
      if (!holder.childElementCount) {
        const plans = (await api.get("/api/v1/plans", { pageSize: 1000 }, { signal })).items;
        const keys = [["", "Any plan"], ...new Map(plans.map((one) => [one.key, one.name]))];
        const states = ["", "active", "scheduled", "canceled", "inactive"].map((name) => [name, name ? words(name) : "Any state"]);
        holder.append(select("Plan", keys, plan, (key) => ((plan = key), card.refresh())), select("State", states, "", (one) => ((status = one), card.refresh())));
      }
      const address = plan ? path("api", "v1", "plans", plan, "subscriptions") : "/api/v1/subscriptions";
      return listed((page) => api.get(address, { ...page, status: status || null }), (rows) => subscriptionTable(session, rows, true));
    },
    show: (made) => made,
    empty: "No subscription is like this.",
  });
  card.refresh();
  return element("div", { class: "stack" }, heading("Subscriptions"), card);
}

/** A table of subscriptions; `whose` tells the customer, too. */
export function subscriptionTable({ names }, rows, whose = false) {
  const who = { label: "Customer", cell: (one) => names.link(one.customerId) };
  return tableOrNull({
    caption: "Subscriptions",
    rows,
    columns: [
      { label: "Subscription", cell: (one) => link(`#/subscriptions/${one.id}`, one.name) },
      ...(whose ? [who] : []),
      { label: "State", cell: (one) => state(one.status) },
      { label: "Plan", cell: (one) => (one.plan ? element("span", {}, code(one.plan.key), ` v${one.plan.version}`) : "its own") },
      { label: "From", cell: (one) => day(one.activeFrom) },
      { label: "To", cell: (one) => (one.activeTo ? day(one.activeTo) : "–") },
    ],
  });
}

function subscription({ api, names }, id) {
  const head = heading("Subscription", { href: "#/subscriptions", label: "Subscriptions" });
  const card = panel({
    title: "Terms",
    wide: true,
    load: (signal) => api.get(path("api", "v1", "subscriptions", id), {}, { signal }),
    show: (found) => {
      head.querySelector("h1").textContent = found.name;
      const terms = facts([
        ["Id", code(found.id)],
        ["Customer", names.link(found.customerId)],
        ["State", state(found.status)],
        ["Plan", found.plan ? element("span", {}, code(found.plan.key), ` version ${found.plan.version}`) : "its own"],
        ["From", moment(found.activeFrom)],
        ["To", found.activeTo ? moment(found.activeTo) : "no end"],
        ["Billed every", code(found.billingCadence)],
        ["Anchor", moment(found.billingAnchor)],
        ["Settled by", words(found.settlementMode)],
      ]);
      return element("div", { class: "stack" }, terms, ...found.phases.map((phase) => phaseOf(phase, found.currency)));
    },
  });
  card.refresh();
  return element("div", { class: "stack" }, head, card);
}

function phaseOf(phase, currency) {
  const times = `${day(phase.activeFrom)} – ${phase.activeTo ? day(phase.activeTo) : "no end"}`;
  const items = phase.items.length
    ? table({
        caption: `Items of phase ${phase.name}`,
        rows: phase.items,
        columns: [
          { label: "Item", cell: (one) => one.name },
          { label: "Key", cell: (one) => code(one.key) },
          { label: "Price", cell: (one) => element("span", {}, ...priceWords(one.price, currency).map((line) => element("div", {}, line))) },
          { label: "Every", cell: (one) => one.billingCadence ?? "once" },
        ],
      })
    : text("p", "Nothing is sold in this phase.", { class: "empty" });
  return element("section", { class: "stack" }, element("div", { class: "row apart" }, text("h3", phase.name), text("span", times, { class: "muted" })), items);
}
