/** The event debugger: find events, and follow one from its acceptance to the meters. */
import { badge, element, facts, text } from "../kit/elements.js";
import { moment, number, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { table } from "../kit/table.js";
import { code, field, followed, form, heading, link, state, tableOrNull } from "./parts.js";

const STAGES = {
  unknown: ["bad", "Nothing of it is stored, and the log holds nothing that is not stored: it was never accepted, or its record is among the dead letters."],
  pending: ["warn", "Nothing of it is stored yet. The log holds records that are not stored: it may be among them."],
  unmatched: ["warn", "It is stored, and no meter asks for its type at its time."],
  waiting: ["warn", "It is stored, and a meter's backfill has not come to it."],
  invalid: ["bad", "It is stored, and no meter that asks for it can read it."],
  missing: ["bad", "A meter should have counted it and has not: the audit rings for this."],
  counted: ["good", "It is counted."],
};
const OUTCOMES = { counted: "counts it", invalid: "cannot read it", waiting: "has not come to it", missing: "should count it", earlier: "counts from a later time on" };

export function events(session, [source, id]) {
  const lookUp = form([field("Source", "source", { required: true, value: source }), field("Id", "id", { required: true, value: id })], "Follow", (asked) => {
    location.hash = address(asked);
  });
  const view = element("div", { class: "stack" }, heading("Events", source && { href: "#/events", label: "Latest events" }), element("section", { class: "card stack" }, text("h2", "Follow one event"), lookUp));
  view.append(source && id ? trace(session, source, id) : search(session));
  return view;
}

/** An instant with all its digits: which of two came first is what is looked for here. */
const precise = (instant) => instant.replace("T", " ").replace("Z", " UTC");

const address = ({ source, id }) => `#/events/${encodeURIComponent(source)}/${encodeURIComponent(id)}`;

function search({ api }) {
  let filter = null;
  const wanted = form([field("Subject", "subject"), field("Type", "type"), field("Id", "id"), field("Source", "source")], "Search", (asked) => {
    filter = Object.keys(asked).length ? JSON.stringify(Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, { eq: value }]))) : null;
    card.refresh();
  });
  const card = panel({
    title: "Latest events",
    wide: true,
    load: () => followed((page) => api.get("/api/v2/events", { ...page, filter }), draw),
    show: (made) => made,
    empty: "No event is like this.",
  });
  card.refresh();
  return element("div", { class: "stack" }, wanted, card);
}

const draw = (rows) =>
  tableOrNull({
    caption: "Events",
    rows,
    columns: [
      { label: "Time", cell: ({ event }) => moment(event.time) },
      { label: "Id", cell: ({ event }) => link(address(event), event.id) },
      { label: "Source", cell: ({ event }) => event.source },
      { label: "Type", cell: ({ event }) => code(event.type) },
      { label: "Subject", cell: ({ event }) => event.subject },
      { label: "", cell: (one) => (one.validationError ? badge(one.validationError, "warn wraps") : badge("sound", "good")) },
    ],
  });

function trace({ api, names }, source, id) {
  const card = panel({
    title: "How far it got",
    wide: true,
    tools: [element("button", { type: "button", class: "button", on: { click: () => card.refresh() } }, "Look again")],
    load: (signal) => api.get("/api/v1/debug/event", { source, id }, { signal }),
    show: (found) => followedWay(found, names),
  });
  card.refresh();
  return card;
}

function followedWay(found, names) {
  const [kind, about] = STAGES[found.stage];
  const first = found.writings[0];
  return element(
    "div",
    { class: "stack" },
    element("p", { class: "row" }, badge(words(found.stage), kind), text("span", about), found.stage === "unknown" && link("#/conservation", "Dead letters")),
    way(found, first),
    first && first_(found, first, names),
    found.meters.length > 0 && meterTable(found.meters),
    found.writings.length > 1 && writingTable(found),
    found.data && element("section", { class: "stack" }, text("h3", "Data"), text("pre", found.data, { tabindex: "0" })),
  );
}

/** The steps it takes, each with what is known of it. */
function way(found, first) {
  const counting = found.meters.filter(({ outcome }) => outcome === "counted").map(({ slug }) => slug);
  const again = found.writings.length - 1;
  const waits = `${number(found.pendingRecords)} record(s) of the log are not stored yet`;
  const steps = [
    ["Accepted", first, first ? `${precise(first.ingestedAt)}, partition ${first.partition}, offset ${first.offset}, place ${first.position}` : waits],
    ["Stored", found.storedAt ?? first, found.storedAt ? precise(found.storedAt) : first ? "its data is past the retention" : "not yet"],
    ["Matched", found.meters.length, found.meters.length ? `${found.meters.length} meter(s) ask for ${first.type}` : first ? `no meter asks for ${first.type}` : "–"],
    ["Counted", counting.length, counting.length ? counting.join(", ") : "by no meter"],
    ["Written once", first && !again, again > 0 ? `${again}${found.hasMoreWritings ? " or more" : ""} later writing(s), which count for nothing` : first ? "no later writing" : "–"],
  ];
  return element("ol", { class: "way" }, ...steps.map(([name, done, words_]) => element("li", { class: done ? "done" : "open" }, text("strong", name), text("span", words_, { class: "muted" }))));
}

const first_ = (found, first, names) =>
  facts([
    ["Type", code(first.type)],
    ["Subject", code(first.subject)],
    ["Time", precise(first.time)],
    ["Customer", found.customerId ? names.link(found.customerId) : "nobody: no customer has this subject"],
    ...(found.validationError ? [["Faults", text("span", found.validationError)]] : []),
  ]);

const meterTable = (rows) =>
  element(
    "section",
    { class: "stack" },
    text("h3", "Meters"),
    table({
      caption: "Meters of this type",
      rows,
      columns: [
        { label: "Meter", cell: (one) => link(`#/meters/${encodeURIComponent(one.slug)}`, one.name || one.slug) },
        { label: "", cell: (one) => badge(OUTCOMES[one.outcome], one.outcome === "counted" ? "good" : one.outcome === "earlier" ? "" : "warn") },
        { label: "Reads", cell: (one) => (one.value !== undefined ? number(one.value) : one.texts ? one.texts.join(", ") : (one.fault ?? "–")) },
        { label: "Group by", cell: (one) => Object.entries(one.groupBy ?? {}).map(([name, value]) => `${name}: ${value || "–"}`).join(", ") || "–" },
      ],
    }),
  );

const writingTable = (found) =>
  element(
    "section",
    { class: "stack" },
    text("h3", "Writings"),
    table({
      caption: "Writings of this identity",
      rows: found.writings,
      columns: [
        { label: "", cell: (one) => state(one.role) },
        { label: "Accepted", cell: (one) => precise(one.ingestedAt) },
        { label: "Type", cell: (one) => code(one.type) },
        { label: "Subject", cell: (one) => one.subject },
        { label: "Time", cell: (one) => precise(one.time) },
        { label: "Place", cell: (one) => `${one.partition} / ${one.offset} / ${one.position}` },
      ],
    }),
  );
