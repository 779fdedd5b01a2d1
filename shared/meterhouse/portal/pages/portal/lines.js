import { element, text } from "../kit/elements.js";
import { isZero, money, number, period } from "../kit/format.js";
import { table } from "../kit/table.js";

/** The lines of an invoice with their amounts and its total; `open` unfolds a line. */
export function lineTable(invoice, caption, open) {
  const columns = [
    { label: "Item", cell: (line) => element("span", {}, text("span", line.name), line.description ? text("span", ` ${line.description}`, { class: "muted" }) : null) },
    { label: "Period", cell: (line) => period(line.period.from, line.period.to) },
    { label: "Quantity", number: true, cell: (line) => (line.quantity === undefined ? "–" : number(line.quantity)) },
    { label: "Amount", number: true, cell: (line) => money(line.totals.total, invoice.currency) },
  ];
  const rows = invoice.lines.filter((line) => line.totals);
  return element("div", { class: "stack" }, table({ caption, columns, rows, open, openLabel: "Explain" }), sums(invoice));
}

/** From the amount to the total, what changes nothing left out. */
function sums({ totals, currency }) {
  const steps = [
    ["Discounts", `-${totals.discountsTotal}`],
    ["Credits", `-${totals.creditsTotal}`],
    ["Taxes", totals.taxesTotal],
  ].filter(([, amount]) => !isZero(amount));
  const lines = steps.map(([name, amount]) => pair(name, money(amount, currency)));
  return element("dl", { class: "facts" }, ...lines.flat(), ...pair("Total", element("strong", {}, money(totals.total, currency))));
}

const pair = (name, value) => [text("dt", name), element("dd", { class: "number" }, value)];
