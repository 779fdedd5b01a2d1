import { path } from "../kit/api.js";
import { badge, element, facts, text } from "../kit/elements.js";
import { moment, number } from "../kit/format.js";
import { failure } from "../kit/panel.js";
import { growing, table } from "../kit/table.js";

/** How a line came about: the reckoning step by step, what usage was read, and the events behind it. */
export async function explanation(api, invoice, line) {
  const address = `/api/v1/portal${path("invoices", invoice.id, "lines", line.id, "explain")}`;
  try {
    const told = await api.get(address);
    return element("div", { class: "stack" }, text("h3", `How “${line.name}” was reckoned`), steps(told), usage(told), await events(api, address, told));
  } catch (error) {
    return failure(error);
  }
}

function steps({ arithmetic }) {
  const words = arithmetic.trace.steps.map((step) => element("li", {}, text("code", step.arithmetic)));
  const seal = arithmetic.isGenuine ? badge("Unchanged since it was billed", "good") : badge("Changed since it was billed", "bad");
  return element("div", { class: "stack" }, element("ol", { class: "steps" }, ...words), element("div", { class: "row" }, seal, text("span", `Seal ${arithmetic.hash.slice(0, 12)}…`, { class: "muted small exact" })));
}

function usage({ usage: read, priceVersion }) {
  const pairs = [];
  if (read.quantity !== undefined) pairs.push(["Quantity", number(read.quantity)]);
  if (read.quantityBefore !== undefined) pairs.push(["Charged before in the same period", number(read.quantityBefore)]);
  if (read.readAt) pairs.push(["Usage was read", moment(read.readAt)]);
  if (priceVersion.plan) pairs.push(["Plan", `${priceVersion.plan.key}, version ${priceVersion.plan.version}`]);
  return pairs.length ? facts(pairs) : null;
}

async function events(api, address, { events: first }) {
  if (!first) return null;
  const page = (told) => ({ rows: told.items, next: told.nextCursor ?? null });
  const load = async (cursor) => page(cursor ? (await api.get(address, { cursor })).events : first);
  const columns = [
    { label: "Time", cell: ({ time }) => moment(time) },
    { label: "Event", cell: ({ id }) => text("span", id, { class: "exact" }) },
    { label: "From", cell: ({ subject }) => subject },
    { label: "Value", number: true, cell: ({ value }) => (value === undefined ? "–" : number(value)) },
    { label: "Counted", cell: ({ counted }) => (counted ? badge("Yes", "good") : badge("No")) },
  ];
  const list = await growing(load, (rows) => (rows.length ? table({ caption: "Events behind the line", columns, rows, tall: true }) : null));
  return list && element("details", {}, text("summary", "Events behind it"), list);
}
