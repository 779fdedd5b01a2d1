/** Invoices: their state, what may be done with them, and how each line came about. */
import { path } from "../kit/api.js";
import { badge, element, facts, select, text } from "../kit/elements.js";
import { day, isZero, moment, money, number, period, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { table } from "../kit/table.js";
import { explanation } from "./explanation.js";
import { code, confirm, heading, link, listed, state, tableOrNull, tell } from "./parts.js";

const STATES = ["gathering", "draft", "issuing", "issued", "payment_processing", "overdue", "paid", "uncollectible", "voided"];
const ACTIONS = {
  approve: { label: "Approve", about: "The invoice is issued without waiting any longer." },
  advance: { label: "Advance", about: "The invoice takes its next step now." },
  retry: { label: "Retry", about: "What failed is tried again." },
  void: { label: "Void", about: "Nothing of the invoice is due any more, and its lines are discarded. This is not undone.", reason: "Why is it voided?" },
  delete: { label: "Delete", about: "The draft is deleted. This is not undone." },
};
const INVOICES = "/api/v1/billing/invoices";

export function invoices(session, [id]) {
  return id ? invoice(session, id) : list(session);
}

function list({ api }) {
  let status = "";
  const options = [["", "Any state"], ...STATES.map((name) => [name, words(name)])];
  const card = panel({
    title: "All invoices",
    wide: true,
    tools: [select("State", options, "", (one) => ((status = one), card.refresh()))],
    load: () => listed((page) => api.get(INVOICES, { ...page, order: "DESC", statuses: status || null }), (rows) => invoiceTable(rows, true)),
    show: (made) => made,
    empty: "No invoice is like this. The next run makes some where usage or fees are due.",
  });
  card.refresh();
  return element("div", { class: "stack" }, heading("Invoices"), card);
}

/** A table of invoices; `whose` tells the customer, too. */
export function invoiceTable(rows, whose = false) {
  const who = { label: "Customer", cell: ({ customer }) => link(`#/customers/${encodeURIComponent(customer.id)}`, customer.name) };
  return tableOrNull({
    caption: "Invoices",
    rows,
    columns: [
      { label: "Number", cell: (one) => link(`#/invoices/${one.id}`, one.number || "gathering") },
      ...(whose ? [who] : []),
      { label: "State", cell: (one) => state(one.status, one.statusDetails.failed) },
      { label: "Period", cell: (one) => (one.period ? period(one.period.from, one.period.to) : "–") },
      { label: "Total", number: true, cell: (one) => money(one.totals.total, one.currency) },
    ],
  });
}

function invoice(session, id) {
  const { api } = session;
  const head = heading("Invoice", { href: "#/invoices", label: "Invoices" });
  const beside = head.lastElementChild;
  const card = panel({
    title: "Invoice",
    wide: true,
    load: (signal) => api.get(path("api", "v1", "billing", "invoices", id), { expand: "lines" }, { signal }),
    show: (found) => {
      head.querySelector("h1").textContent = found.number || "Gathering invoice";
      beside.replaceChildren(...buttons(session, found, again));
      return element("div", { class: "stack" }, told(found), issues(found), totals(found));
    },
  });
  const lines = panel({
    title: "Lines",
    wide: true,
    load: (signal) => api.get(path("api", "v1", "billing", "invoices", id), { expand: "lines" }, { signal }),
    show: (found) => linesOf(session, found),
    empty: "No line.",
  });
  const again = () => [card, lines].forEach((one) => one.refresh());
  again();
  return element("div", { class: "stack" }, head, card, lines);
}

function buttons(session, found, again) {
  const { api } = session;
  const address = path("api", "v1", "billing", "invoices", found.id);
  const offered = Object.entries(found.statusDetails.availableActions)
    .filter(([name]) => ACTIONS[name])
    .map(([name, { resultingState }]) => {
      const { label, about, reason } = ACTIONS[name];
      const act = async (why) => {
        if (name === "delete") await api.send("DELETE", address);
        else await api.send("POST", `${address}/${name}`, name === "void" ? { reason: why, action: { percentage: 100, action: { type: "discard" } } } : {});
        tell(`${label}: done.`);
        if (name === "delete") location.hash = "#/invoices";
        else again();
      };
      const ask = () => confirm({ title: `${label} ${found.number}?`, about: `${about} Its next state: ${words(resultingState).toLowerCase()}.`, verb: label, reason, act });
      return element("button", { type: "button", class: "button", on: { click: ask } }, label);
    });
  const verify = element("button", { type: "button", class: "button", on: { click: () => verified(api, address) } }, "Verify");
  const pdf = () => api.download(`${address}/document`, `${found.number}.pdf`, { query: { format: "pdf" } }).catch((error) => tell(error.message));
  const document_ = element("button", { type: "button", class: "button", on: { click: pdf } }, "PDF");
  return found.status === "gathering" ? offered : [...offered, verify, document_];
}

async function verified(api, address) {
  try {
    const found = await api.get(`${address}/verify`);
    const faults = [...found.faults, ...found.lines.flatMap((line) => line.faults)];
    tell(faults.length ? `Not verified: ${faults.map((fault) => fault.message).join("; ")}` : `Verified: ${found.lines.length} lines rated again come to the same hash.`);
  } catch (error) {
    tell(error.message);
  }
}

function told(found) {
  const { extendedStatus, failed, immutable } = found.statusDetails;
  return facts([
    ["State", element("span", { class: "row end" }, state(found.status, failed), code(extendedStatus), immutable && badge("immutable"))],
    ["Customer", link(`#/customers/${encodeURIComponent(found.customer.id)}`, found.customer.name)],
    ["Period", found.period ? period(found.period.from, found.period.to) : "–"],
    ...[["Draft until", found.draftUntil], ["Issued", found.issuedAt], ["Due", found.dueAt], ["Usage read", found.quantitySnapshotedAt], ["Voided", found.voidedAt]]
      .filter(([, instant]) => instant)
      .map(([name, instant]) => [name, moment(instant)]),
    ["Id", code(found.id)],
  ]);
}

function issues(found) {
  const rows = found.validationIssues ?? [];
  if (!rows.length) return null;
  const columns = [
    { label: "Severity", cell: (one) => badge(one.severity, one.severity === "critical" ? "bad" : "warn") },
    { label: "Code", cell: (one) => code(one.code) },
    { label: "Message", cell: (one) => one.message },
  ];
  return element("section", { class: "stack" }, text("h3", "Issues"), table({ caption: "Issues", rows, columns }));
}

function totals({ totals: sums, currency }) {
  const named = [["Charges", sums.chargesTotal], ["Amount", sums.amount], ["Discounts", sums.discountsTotal], ["Credits", sums.creditsTotal], ["Taxes", sums.taxesTotal]];
  const shown = named.filter(([, sum]) => !isZero(sum)).map(([name, sum]) => [name, money(sum, currency)]);
  return facts([...shown, ["Total", text("strong", money(sums.total, currency))]]);
}

const linesOf = (session, found) =>
  tableOrNull({
    caption: "Lines",
    rows: found.lines ?? [],
    open: found.status === "gathering" ? undefined : (line) => explanation(session, found, line),
    openLabel: "Explain",
    columns: [
      { label: "Line", cell: (line) => line.name },
      { label: "Period", cell: (line) => day(line.period.from) === day(line.period.to) ? day(line.period.from) : period(line.period.from, line.period.to) },
      { label: "Quantity", number: true, cell: (line) => (line.quantity === undefined ? "–" : number(line.quantity)) },
      { label: "Discounts", number: true, cell: (line) => (isZero(line.totals.discountsTotal) ? "–" : money(line.totals.discountsTotal, line.currency)) },
      { label: "Total", number: true, cell: (line) => money(line.totals.total, line.currency) },
    ],
  });
