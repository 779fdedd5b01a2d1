/** Usage of one meter over time: how long, told apart by what, once or live. */
import { path } from "../kit/api.js";
import { chart } from "../kit/chart.js";
import { choices, element, select, text } from "../kit/elements.js";
import { day, moment, number } from "../kit/format.js";
import { panel } from "../kit/panel.js";

const HOUR = 3_600_000;
const RANGES = {
  day: { label: "24 hours", size: "HOUR", back: 24 * HOUR, step: HOUR },
  week: { label: "7 days", size: "HOUR", back: 168 * HOUR, step: HOUR },
  month: { label: "30 days", size: "DAY", back: 720 * HOUR, step: 24 * HOUR },
  year: { label: "12 months", size: "MONTH", back: 8784 * HOUR, step: 24 * HOUR },
  all: { label: "All time", size: "MONTH" },
};
const LIVE_EVERY = 5000;
const MOST_SERIES = 6;
const SUMS = new Set(["SUM", "COUNT"]);
const MEASURES = { COUNT: "events", AVG: "on average", MIN: "at least", MAX: "at most", UNIQUE_COUNT: "different ones", LATEST: "last" };
const month = (instant) => new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(instant));
const WORDS = { HOUR: moment, DAY: day, MONTH: month };

/** `customer` narrows it to one customer's usage. */
export function usage({ api }, meter, { customer, title = meter.name || meter.slug, tools = [] } = {}) {
  const asked = { range: "month", group: "" };
  const groups = [["", "Nothing"], ...(customer ? [] : [["customer_id", "Customer"]]), ["subject", "Subject"], ...Object.keys(meter.groupBy ?? {}).map((key) => [key, key])];
  const again = () => card.refresh();
  const card = panel({
    title,
    wide: true,
    tools: [
      ...tools,
      choices("Period", Object.entries(RANGES).map(([key, { label }]) => [key, label]), "month", (key) => ((asked.range = key), again())),
      select("Split by", groups, "", (key) => ((asked.group = key), again())),
      live(() => card),
    ],
    load: (turn) => load(api, meter, asked, customer, turn),
    show: ({ total, rows }) => (rows.length ? drawn(title, meter, asked, total, rows) : null),
    empty: "No usage in this period.",
  });
  card.refresh();
  return card;
}

async function load(api, meter, asked, customer, signal) {
  const { back, step, size } = RANGES[asked.range];
  const from = back && new Date(Math.floor((Date.now() - back) / step) * step).toISOString();
  const query = { from, filterCustomerId: customer };
  const address = path("api", "v1", "meters", meter.id, "query");
  const [total, split] = await Promise.all([
    api.get(address, query, { signal }),
    api.get(address, { ...query, windowSize: size, groupBy: asked.group || null }, { signal }),
  ]);
  return { total: total.data[0]?.exactValue ?? "0", rows: split.data };
}

function drawn(title, meter, asked, total, rows) {
  const keyOf = (row) => (asked.group === "subject" ? row.subject : asked.group === "customer_id" ? row.customerId : row.groupBy?.[asked.group]) || "";
  const at = [...new Set(rows.map((row) => row.windowStart))].sort();
  const series = new Map();
  for (const row of rows) {
    const key = asked.group ? keyOf(row) || "(none)" : meter.slug;
    if (!series.has(key)) series.set(key, new Map());
    series.get(key).set(row.windowStart, row.exactValue);
  }
  const sizes = [...series].map(([label, values]) => [label, values, [...values.values()].reduce((sum, value) => sum + Number(value), 0)]);
  const largest = sizes.sort((one, other) => other[2] - one[2]).slice(0, MOST_SERIES);
  const left = sizes.length - largest.length;
  const { size } = RANGES[asked.range];
  return element(
    "div",
    { class: "stack" },
    element("p", {}, text("span", number(total), { class: "figure" }), text("span", ` ${MEASURES[meter.aggregation] ?? ""} in this period`, { class: "muted" })),
    chart({
      title,
      at,
      when: WORDS[size],
      line: asked.group !== "" && !SUMS.has(meter.aggregation),
      series: largest.map(([label, values]) => ({ label, values: at.map((instant) => values.get(instant) ?? null) })),
    }),
    left > 0 && text("p", `The ${MOST_SERIES} largest are drawn; ${left} more are not.`, { class: "muted small" }),
  );
}

/** Refreshes the card every few seconds, while the page is seen and until the card has left it. */
function live(cardOf) {
  let timer = null;
  const tick = () => {
    if (!cardOf().isConnected) clearInterval(timer);
    else if (!document.hidden) cardOf().refresh();
  };
  const turn = () => {
    clearInterval(timer);
    timer = timer ? null : setInterval(tick, LIVE_EVERY);
    button.setAttribute("aria-pressed", String(timer !== null));
  };
  const button = element("button", { type: "button", class: "button live", "aria-pressed": "false", on: { click: turn } }, "Live");
  return button;
}
