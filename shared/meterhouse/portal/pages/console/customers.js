/** Customers: who they are, what they used, what they may use, what they bought and were invoiced. */
import { path } from "../kit/api.js";
import { badge, element, facts, select } from "../kit/elements.js";
import { day, moment, number } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { invoiceTable } from "./invoices.js";
import { code, field, form, heading, link, listed, tableOrNull } from "./parts.js";
import { subscriptionTable } from "./subscriptions.js";
import { usage } from "./usage.js";

export function customers(session, [id]) {
  return id ? customer(session, id) : list(session);
}

function list({ api }) {
  let wanted = {};
  const search = form([field("Name", "name"), field("Key", "key"), field("Subject", "subject")], "Search", (asked) => {
    wanted = asked;
    card.refresh();
  });
  const card = panel({
    title: "All customers",
    wide: true,
    load: () => listed((page) => api.get("/api/v1/customers", { ...wanted, ...page }), draw),
    show: (made) => made,
    empty: "No customer is like this.",
  });
  card.refresh();
  return element("div", { class: "stack" }, heading("Customers"), search, card);
}

const draw = (rows) =>
  tableOrNull({
    caption: "Customers",
    rows,
    columns: [
      { label: "Name", cell: (one) => link(`#/customers/${encodeURIComponent(one.id)}`, one.name) },
      { label: "Key", cell: (one) => (one.key ? code(one.key) : "–") },
      { label: "Subjects", cell: (one) => subjects(one) },
      { label: "Currency", cell: (one) => one.currency ?? "–" },
      { label: "Since", cell: (one) => day(one.createdAt) },
    ],
  });

function subjects({ usageAttribution }) {
  const keys = usageAttribution?.subjectKeys ?? [];
  if (!keys.length) return "–";
  return element("span", {}, code(keys[0]), keys.length > 1 ? ` and ${keys.length - 1} more` : "");
}

function customer(session, id) {
  const { api } = session;
  const head = heading(id, { href: "#/customers", label: "Customers" });
  const who = panel({
    title: "Customer",
    load: (signal) => api.get(path("api", "v1", "customers", id), {}, { signal }),
    show: (found) => {
      head.querySelector("h1").textContent = found.name;
      return facts([
        ["Id", code(found.id)],
        ["Key", found.key ? code(found.key) : "–"],
        ["Subjects", element("div", {}, ...(found.usageAttribution?.subjectKeys ?? []).map((key) => element("div", {}, code(key))))],
        ["Currency", found.currency ?? "–"],
        ["E-mail", found.primaryEmail ?? "–"],
        ["Since", moment(found.createdAt)],
      ]);
    },
  });
  const access = panel({
    title: "Entitlements",
    load: (signal) => api.get(path("api", "v1", "customers", id, "access"), {}, { signal }),
    show: ({ entitlements }) => entitled(Object.entries(entitlements)),
    empty: "No entitlement.",
  });
  const bought = panel({
    title: "Subscriptions",
    wide: true,
    load: () => listed((page) => api.get(path("api", "v1", "customers", id, "subscriptions"), page), (rows) => subscriptionTable(session, rows)),
    show: (made) => made,
    empty: "No subscription.",
  });
  const invoiced = panel({
    title: "Invoices",
    wide: true,
    load: () =>
      listed((page) => api.get("/api/v1/billing/invoices", { customers: id, order: "DESC", ...page }), (rows) => invoiceTable(rows)),
    show: (made) => made,
    empty: "No invoice.",
  });
  for (const card of [who, access, bought, invoiced]) card.refresh();
  return element("div", {}, head, element("div", { class: "grid" }, who, access, chosenUsage(session, id), bought, invoiced));
}

const entitled = (pairs) =>
  tableOrNull({
    caption: "Entitlements",
    rows: pairs,
    columns: [
      { label: "Feature", cell: ([key]) => code(key) },
      { label: "Access", cell: ([, value]) => (value.hasAccess ? badge("yes", "good") : badge("no", "bad")) },
      { label: "Used", number: true, cell: ([, value]) => (value.usage === undefined ? "–" : number(value.usage)) },
      { label: "Left", number: true, cell: ([, value]) => (value.balance === undefined ? "–" : number(value.balance)) },
    ],
  });

/** The usage of one meter, chosen among all. */
function chosenUsage(session, customer) {
  const chooser = panel({
    title: "Usage",
    wide: true,
    load: (signal) => session.api.get("/api/v1/meters", { pageSize: 1000, orderBy: "key" }, { signal }),
    show: (found) => {
      if (!found.length) return null;
      const options = found.map(({ slug, name }) => [slug, name || slug]);
      const draw = (slug) => {
        const meter = found.find((one) => one.slug === slug);
        const drawn = usage(session, meter, { customer, tools: [select("Meter", options, slug, draw)] });
        shown.replaceWith(drawn);
        shown = drawn;
      };
      let shown = chooser;
      draw(found[0].slug);
      return null;
    },
    empty: "No meter counts anything yet.",
  });
  chooser.refresh();
  return chooser;
}
