/** How a line of an invoice came about: its price, its arithmetic, its usage, and the events behind it. */
import { path } from "../kit/api.js";
import { badge, element, facts, text } from "../kit/elements.js";
import { moment, money, number } from "../kit/format.js";
import { failure } from "../kit/panel.js";
import { growing, table } from "../kit/table.js";
import { code, link } from "./parts.js";

const PAGE = 20;

export async function explanation({ api }, invoice, line) {
  const address = path("api", "v1", "billing", "invoices", invoice.id, "lines", line.id, "explain");
  try {
    const found = await api.get(address, { limit: PAGE });
    return element("div", { class: "stack" }, sum(found), steps(found), found.events && (await events(api, address, found.events)));
  } catch (error) {
    return failure(error);
  }
}

function sum({ line, priceVersion, usage, meterQuery, arithmetic }) {
  const { plan, item } = priceVersion;
  const pairs = [
    ["Total", text("strong", money(line.totals.total, line.currency))],
    ["Price", plan ? element("span", {}, code(plan.key), ` version ${plan.version}`) : code(item)],
    ["Meter", meterQuery && element("span", {}, link(`#/meters/${encodeURIComponent(meterQuery.meter.slug)}`, meterQuery.meter.slug), ` (${meterQuery.meter.aggregation.toLowerCase()})`)],
    ["Subjects", meterQuery && meterQuery.subjects.join(", ")],
    ["Used", usage.quantity && number(usage.quantity)],
    ["Charged before", usage.quantityBefore && number(usage.quantityBefore)],
    ["Usage read", usage.readAt && moment(usage.readAt)],
    ["Trace", element("span", { class: "row end" }, arithmetic.isGenuine ? badge("has its hash", "good") : badge("is not what was hashed", "bad"), code(arithmetic.hash.slice(0, 16)))],
  ];
  return facts(pairs.filter(([, value]) => value));
}

function steps({ arithmetic }) {
  const lines = arithmetic.trace.steps.map((step) => element("li", {}, code(step.arithmetic)));
  return element("section", { class: "stack" }, text("h3", "Arithmetic"), element("ol", { class: "sums" }, ...lines));
}

async function events(api, address, first) {
  const load = async (cursor) => {
    const page = cursor ? (await api.get(address, { limit: PAGE, cursor })).events : first;
    return { rows: page.items, next: page.nextCursor ?? null };
  };
  const draw = (rows) =>
    rows.length
      ? table({
          caption: "Events behind the line",
          rows,
          columns: [
            { label: "Time", cell: (one) => moment(one.time) },
            { label: "Event", cell: (one) => link(`#/events/${encodeURIComponent(one.source)}/${encodeURIComponent(one.id)}`, one.id) },
            { label: "Subject", cell: (one) => one.subject },
            { label: "", cell: (one) => (one.counted ? "" : badge("not on this line", "warn")) },
            { label: "Value", number: true, cell: (one) => (one.value === undefined ? (one.texts ?? []).join(", ") : number(one.value)) },
          ],
        })
      : null;
  const made = (await growing(load, draw)) ?? text("p", "No event is behind it.", { class: "empty" });
  return element("section", { class: "stack" }, text("h3", "Events behind it"), made);
}
