import { path } from "../kit/api.js";
import { chart } from "../kit/chart.js";
import { sum } from "../kit/decimal.js";
import { choices, element, select, text } from "../kit/elements.js";
import { day, number } from "../kit/format.js";
import { panel } from "../kit/panel.js";

const SUMMED = new Set(["SUM", "COUNT"]);
const MOST_SERIES = 6;
const SPANS = {
  day: { label: "24 hours", windows: 24, size: "HOUR" },
  week: { label: "7 days", windows: 7, size: "DAY" },
  month: { label: "30 days", windows: 30, size: "DAY" },
  year: { label: "12 months", windows: 12, size: "MONTH" },
};
const WORDS = {
  HOUR: (instant) => new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" }).format(new Date(instant)),
  DAY: day,
  MONTH: (instant) => new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(instant)),
};

/** Where the window begins that is `back` windows before the one of `now`. */
function startOf(size, back, now) {
  const [year, month, date, hour] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), now.getUTCHours()];
  if (size === "HOUR") return new Date(Date.UTC(year, month, date, hour - back));
  if (size === "DAY") return new Date(Date.UTC(year, month, date - back));
  return new Date(Date.UTC(year, month - back));
}

const iso = (instant) => instant.toISOString().replace(".000Z", "Z");

/** The query of a span: whole windows, the present one among them. */
export function spanned({ windows, size }, now = new Date()) {
  const at = Array.from({ length: windows }, (_, index) => iso(startOf(size, windows - 1 - index, now)));
  return { at, query: { windowSize: size, from: at[0], to: iso(startOf(size, -1, now)) } };
}

/** Rows as series over `at`: the largest by what they sum up to, the rest together where they can be summed. */
export function seriesOf(rows, at, key, isSummed) {
  const places = new Map(at.map((instant, index) => [Date.parse(instant), index]));
  const blank = isSummed ? "0" : null;
  const found = new Map();
  for (const row of rows) {
    const label = key ? (row.groupBy[key] ?? "(none)") : "Usage";
    if (!found.has(label)) found.set(label, at.map(() => blank));
    const place = places.get(Date.parse(row.windowStart));
    if (place !== undefined) found.get(label)[place] = row.exactValue;
  }
  const all = [...found].map(([label, values]) => ({ label, values })).sort((a, b) => height(b) - height(a));
  if (all.length <= MOST_SERIES) return all;
  const shown = all.slice(0, MOST_SERIES - 1);
  const rest = all.slice(MOST_SERIES - 1);
  if (!isSummed) return shown;
  return [...shown, { label: `${rest.length} others`, values: at.map((_, index) => sum(...rest.map(({ values }) => values[index]))) }];
}

const height = ({ values }) => values.reduce((total, value) => total + Number(value ?? 0), 0);

export function usage(api, meters) {
  const first = meters.find(({ aggregation }) => SUMMED.has(aggregation)) ?? meters[0];
  const chosen = { meter: first, span: "month", key: "" };
  const address = () => `/api/v1/portal${path("meters", chosen.meter.slug, "query")}`;
  const asked = () => ({ ...spanned(SPANS[chosen.span]).query, groupBy: chosen.key ? [chosen.key] : [] });
  const pick = (change) => {
    Object.assign(chosen, change);
    card.refresh();
  };
  const grouping = element("div");
  const offerGroups = () => {
    const keys = chosen.meter.groupBy.map((key) => [key, key]);
    grouping.replaceChildren(...(keys.length ? [select("Group by", [["", "Nothing"], ...keys], chosen.key, (key) => pick({ key }))] : []));
  };
  const pickMeter = (slug) => {
    chosen.meter = meters.find((meter) => meter.slug === slug);
    offerGroups();
    pick({ key: "" });
  };
  const named = meters.map(({ slug, name }) => [slug, name || slug]);
  const spans = Object.entries(SPANS).map(([value, { label }]) => [value, label]);
  const keep = () => api.download(address(), `${chosen.meter.slug}.csv`, { query: asked(), accept: "text/csv" }).catch(card.refresh);
  const bar = element(
    "div",
    { class: "toolbar" },
    element("div", { class: "row" }, select("Meter", named, chosen.meter.slug, pickMeter), grouping),
    choices("Period", spans, chosen.span, (span) => pick({ span })),
  );
  const card = panel({
    id: "usage",
    title: "Usage",
    wide: true,
    tools: [element("button", { type: "button", class: "button", on: { click: () => keep() } }, "Download CSV")],
    load: (signal) => api.get(address(), asked(), { signal }),
    show: ({ data }) => drawn(data, chosen),
    empty: "No usage in this period.",
  });
  offerGroups();
  card.firstElementChild.after(bar);
  return card;
}

function drawn(rows, { meter, span, key }) {
  if (!rows.length) return null;
  const isSummed = SUMMED.has(meter.aggregation);
  const { at } = spanned(SPANS[span]);
  const series = seriesOf(rows, at, key, isSummed);
  const title = `${meter.name || meter.slug}, ${SPANS[span].label}`;
  const picture = chart({ title, at, series, when: WORDS[SPANS[span].size], line: !isSummed });
  if (!isSummed) return picture;
  const total = sum(...series.flatMap(({ values }) => values));
  const figure = element("p", {}, text("span", number(total), { class: "figure" }), text("span", ` in ${SPANS[span].label}`, { class: "muted" }));
  return element("div", { class: "stack" }, figure, picture);
}
