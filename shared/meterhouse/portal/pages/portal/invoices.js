import { path } from "../kit/api.js";
import { badge, element, text } from "../kit/elements.js";
import { day, money, period, words } from "../kit/format.js";
import { failure, panel } from "../kit/panel.js";
import { growing, table } from "../kit/table.js";
import { explanation } from "./explanation.js";
import { lineTable } from "./lines.js";

const KINDS = { paid: "good", overdue: "bad", uncollectible: "bad", payment_processing: "warn" };
const SIZE = 10;

export function invoices(api) {
  const load = async (page) => {
    const told = await api.get("/api/v1/portal/invoices", { page, pageSize: SIZE });
    return { rows: told.items, next: page * SIZE < Number(told.totalCount) ? page + 1 : null };
  };
  return panel({
    id: "invoices",
    title: "Invoices",
    wide: true,
    load: () => growing((next) => load(next ?? 1), (rows) => (rows.length ? list(api, rows) : null)),
    show: (made) => made,
    empty: "No invoice was issued yet.",
  });
}

function list(api, rows) {
  const columns = [
    { label: "Number", cell: ({ number }) => text("span", number, { class: "exact" }) },
    { label: "Issued", cell: ({ issuedAt }) => (issuedAt ? day(issuedAt) : "–") },
    { label: "Period", cell: (one) => (one.period ? period(one.period.from, one.period.to) : "–") },
    { label: "Status", cell: ({ status }) => badge(words(status), KINDS[status] ?? "") },
    { label: "Total", number: true, cell: (one) => money(one.totals.total, one.currency) },
  ];
  return table({ caption: "Invoices", columns, rows, open: (one) => details(api, one) });
}

async function details(api, one) {
  const address = `/api/v1/portal${path("invoices", one.id)}`;
  try {
    const whole = await api.get(address);
    const note = element("p", { class: "muted small", role: "status" });
    const keep = async () => {
      note.textContent = "Drawing the document…";
      await api
        .download(`${address}/document`, `${one.number}.pdf`, { accept: "application/pdf" })
        .then(() => (note.textContent = ""), (error) => (note.textContent = error.message));
    };
    const due = whole.dueAt ? text("span", `Due ${day(whole.dueAt)}`, { class: "muted" }) : null;
    const button = element("button", { type: "button", class: "button", on: { click: keep } }, "Download PDF");
    const head = element("div", { class: "row apart" }, element("div", { class: "row" }, due, note), button);
    return element("div", { class: "stack" }, head, lineTable(whole, `Lines of ${one.number}`, (line) => explanation(api, whole, line)));
  } catch (error) {
    return failure(error);
  }
}
