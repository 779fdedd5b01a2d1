import { badge, element, text } from "../kit/elements.js";
import { day, isNegative, isZero, money, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { growing, table } from "../kit/table.js";

const ADDRESS = "/api/v1/portal/credits";
const KINDS = { funded: "good", expired: "warn", voided: "warn" };

export function creditGlance(api) {
  return panel({
    id: "balance",
    title: "Credit",
    load: (signal) => api.get(`${ADDRESS}/balance`, {}, { signal }),
    show: ({ balances }) => (balances.length ? element("div", { class: "stack" }, ...balances.map(balance)) : null),
    empty: "No credit.",
  });
}

function balance({ currency, live, settled, pending }) {
  const parts = [live === settled ? "Available" : `Available of ${money(settled, currency)}: usage not invoiced yet takes the rest`];
  if (!isZero(pending)) parts.push(`${money(pending, currency)} on its way`);
  return element("div", {}, text("p", money(live, currency), { class: "figure" }), text("p", parts.join(" · "), { class: "muted small" }));
}

export function credit(api) {
  const load = async (next) => {
    const told = await api.get(next ?? `${ADDRESS}/transactions`, next ? {} : { "page[size]": "10" });
    return { rows: told.data, next: told.meta.page.next };
  };
  return panel({
    id: "credit",
    title: "Credit transactions",
    wide: true,
    load: () => growing(load, (rows) => (rows.length ? list(rows) : null)),
    show: (made) => made,
    empty: "Nothing was booked yet.",
  });
}

function list(rows) {
  const columns = [
    { label: "Booked", cell: (one) => day(one.booked_at) },
    { label: "What", cell: ({ name }) => name },
    { label: "Kind", cell: ({ type }) => badge(words(type), KINDS[type] ?? "") },
    { label: "Amount", number: true, cell: ({ amount, currency }) => `${isNegative(amount) ? "" : "+"}${money(amount, currency)}` },
    { label: "Balance after", number: true, cell: (one) => money(one.available_balance.after, one.currency) },
  ];
  return table({ caption: "Credit transactions", columns, rows });
}
