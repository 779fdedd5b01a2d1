/** Meters: what each counts, and its usage while it comes in. */
import { path } from "../kit/api.js";
import { element, facts } from "../kit/elements.js";
import { day, moment, number, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { code, heading, link, listed, state, tableOrNull } from "./parts.js";
import { usage } from "./usage.js";

export function meters(session, [slug]) {
  return slug ? meter(session, slug) : list(session);
}

function list({ api }) {
  const card = panel({
    title: "All meters",
    wide: true,
    load: () => listed((page) => api.get("/api/v1/meters", { ...page, orderBy: "key" }), draw),
    show: (made) => made,
    empty: "No meter yet: POST /api/v1/meters makes one, and it counts what was ingested before it, too.",
  });
  card.refresh();
  return element("div", { class: "stack" }, heading("Meters"), card);
}

const draw = (rows) =>
  tableOrNull({
    caption: "Meters",
    rows,
    columns: [
      { label: "Meter", cell: (one) => link(`#/meters/${encodeURIComponent(one.slug)}`, one.name || one.slug) },
      { label: "Slug", cell: (one) => code(one.slug) },
      { label: "Event type", cell: (one) => code(one.eventType) },
      { label: "Aggregation", cell: (one) => words(one.aggregation.toLowerCase()) },
      { label: "Since", cell: (one) => day(one.createdAt) },
    ],
  });

function meter(session, slug) {
  const holder = element("div", { class: "stack" }, heading(slug, { href: "#/meters", label: "Meters" }));
  const card = panel({
    title: "What it counts",
    wide: true,
    load: async () => {
      const found = await session.api.get(path("api", "v1", "meters", slug));
      const backfill = await session.api.get(path("api", "v1", "meters", slug, "backfill")).catch(() => null);
      return { found, backfill };
    },
    show: ({ found, backfill }) => {
      holder.querySelector("h1").textContent = found.name || found.slug;
      if (!holder.querySelector(".chart-card")) {
        const drawn = usage(session, found, { title: "Usage" });
        drawn.classList.add("chart-card");
        card.before(drawn);
      }
      const groups = Object.entries(found.groupBy ?? {}).map(([name, from]) => element("div", {}, code(name), ": ", code(from)));
      return facts([
        ["Slug", code(found.slug)],
        ["Event type", code(found.eventType)],
        ["Aggregation", `${words(found.aggregation.toLowerCase())}`],
        ["Value", found.valueProperty ? code(found.valueProperty) : "each event counts 1"],
        ["Group by", groups.length ? element("div", {}, ...groups) : "nothing"],
        ["Made", moment(found.createdAt)],
        ["Earlier events", backfill ? element("span", {}, state(backfill.status), ` ${number(backfill.readEvents)} of ${number(backfill.totalEvents)} read`) : "–"],
      ]);
    },
  });
  card.refresh();
  holder.append(card);
  return holder;
}
