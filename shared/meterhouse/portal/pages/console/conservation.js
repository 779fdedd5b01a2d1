/** Conservation: every accepted event is somewhere; dead letters, conflicts, and what the audit of the books found. */
import { path } from "../kit/api.js";
import { badge, choices, element, text } from "../kit/elements.js";
import { moment, number, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { table } from "../kit/table.js";
import { code, confirm, followed, heading, link, listed, tableOrNull, tell } from "./parts.js";

const SPANS = [["24", "24 hours"], ["168", "7 days"], ["744", "31 days"]];
const PARTS = ["counted", "unmatched", "invalid", "duplicate", "conflict", "dead", "pending", "unexplained"];
const MEANS = {
  counted: "first writings that a meter counts",
  unmatched: "no meter asks for them",
  invalid: "no meter can read them",
  duplicate: "the same event again",
  conflict: "the same identity with another body",
  dead: "in the dead letters",
  pending: "on their way",
  unexplained: "nowhere",
};
const HOUR = 3_600_000;

export function conservation(session) {
  const cards = [report(session), findings(session), letters(session), conflicts(session)];
  for (const card of cards) card.refresh();
  return element("div", { class: "stack" }, heading("Conservation"), ...cards);
}

function report({ api }) {
  let hours = 24;
  const card = panel({
    title: "Where every accepted event is",
    wide: true,
    tools: [choices("Period", SPANS, "24", (span) => ((hours = Number(span)), card.refresh()))],
    load: (signal) => {
      const from = new Date(Math.floor(Date.now() / HOUR + 1) * HOUR - hours * HOUR).toISOString();
      return api.get("/api/v1/debug/conservation", { from }, { signal });
    },
    show: ({ totals, hours: rows }) => element("div", { class: "stack" }, verdict(totals), sum(totals), byHour(rows)),
  });
  return card;
}

function verdict(totals) {
  if (totals.astray !== "0") return element("p", { class: "note bad", role: "alert" }, `${number(totals.astray)} event(s) are astray: accepted and nowhere, or stored and never accepted.`);
  const words_ = totals.accepted === "0" ? "No event was accepted in this period." : "Every accepted event is accounted for.";
  return element("p", { class: "row" }, badge("0 astray", "good"), words_);
}

function sum(totals) {
  const parts = PARTS.map((name) =>
    element("li", {}, text("span", number(totals[name]), { class: "figure" }), text("strong", words(name)), text("span", MEANS[name], { class: "muted small" })),
  );
  return element("div", { class: "stack" }, element("p", {}, text("span", number(totals.accepted), { class: "figure" }), text("span", " accepted, which are", { class: "muted" })), element("ul", { class: "parts" }, ...parts));
}

function byHour(rows) {
  const busy = rows.filter(({ accepted, astray }) => accepted !== "0" || astray !== "0").reverse();
  if (!busy.length) return null;
  const columns = ["accepted", ...PARTS].map((name) => ({ label: words(name), number: true, cell: (row) => (row[name] === "0" ? "–" : number(row[name])) }));
  const hours = table({ caption: "By hour of acceptance", rows: busy, columns: [{ label: "Hour", cell: (row) => moment(row.hour) }, ...columns], folds: false, tall: true });
  return element("details", {}, text("summary", "By hour of acceptance"), hours);
}

function findings({ api }) {
  const card = panel({
    title: "What the audit of the books found",
    wide: true,
    load: () => listed((page) => api.get("/api/v1/billing/audit-findings", { ...page, open: true }), draw),
    show: (made) => made,
    empty: "Nothing is open: the books agree.",
  });
  const resolve = (one) => {
    const act = async (reason) => {
      await api.send("POST", `${path("api", "v1", "billing", "audit-findings", one.id)}/resolve`, { reason });
      tell("It is let be.");
      card.refresh();
    };
    confirm({ title: "Let this finding be?", about: "Its invoice goes on, and the finding comes back only if it changes.", verb: "Let it be", reason: "Why is this right?", act });
  };
  const draw = (rows) =>
    tableOrNull({
      caption: "Open findings",
      rows,
      columns: [
        { label: "Found", cell: (one) => moment(one.foundAt) },
        { label: "Kind", cell: (one) => badge(words(one.kind), "bad") },
        { label: "What", cell: (one) => one.detail },
        { label: "Invoice", cell: (one) => (one.invoiceId ? link(`#/invoices/${one.invoiceId}`, "open") : "–") },
        { label: "", cell: (one) => element("button", { type: "button", class: "button", on: { click: () => resolve(one) } }, "Let it be") },
      ],
    });
  return card;
}

function letters({ api }) {
  const card = panel({
    title: "Dead letters",
    wide: true,
    load: () => followed((page) => api.get("/api/v1/debug/dead-letters", page), draw),
    show: (made) => made,
    empty: "No record was buried.",
  });
  const address = (one) => path("api", "v1", "debug", "dead-letters", one.id);
  const replay = (one) => {
    const act = async () => {
      await api.send("POST", `${address(one)}/replay`);
      tell("The record is on the events topic again.");
      card.refresh();
    };
    confirm({ title: "Replay this record?", about: "Its own bytes go onto the events topic again; identities make a repeat harmless.", verb: "Replay", act });
  };
  const open = async (one) => {
    const button = element("button", { type: "button", class: "button", on: { click: () => replay(one) } }, "Replay");
    const shown = await api.get(address(one)).then(({ preview }) => text("pre", preview, { tabindex: "0" }), (error) => text("p", error.message, { class: "note bad" }));
    return element("div", { class: "stack" }, shown, element("div", {}, button));
  };
  const draw = (rows) =>
    tableOrNull({
      caption: "Dead letters",
      rows,
      open,
      columns: [
        { label: "When", cell: (one) => moment(one.deadAt) },
        { label: "Reason", cell: (one) => one.reason },
        { label: "Place", cell: (one) => code(`${one.partition} / ${one.offset}`) },
        { label: "Bytes", number: true, cell: (one) => number(one.bytes) },
        { label: "Replayed", cell: (one) => (one.replayedAt ? moment(one.replayedAt) : "–") },
      ],
    });
  return card;
}

function conflicts({ api }) {
  const from = new Date(Math.floor(Date.now() / HOUR + 1) * HOUR - 744 * HOUR).toISOString();
  return panel({
    title: "Conflicts of the last 31 days",
    wide: true,
    load: () => followed((page) => api.get("/api/v1/debug/conflicts", { ...page, from }), drawConflicts),
    show: (made) => made,
    empty: "No event was told in two ways.",
  });
}

const drawConflicts = (rows) =>
  tableOrNull({
    caption: "Later writings that contradict an event's first",
    rows,
    columns: [
      { label: "Event", cell: (one) => link(`#/events/${encodeURIComponent(one.source)}/${encodeURIComponent(one.id)}`, one.id) },
      { label: "Source", cell: (one) => one.source },
      { label: "First", cell: (one) => `${one.first.subject}, ${moment(one.first.time)}` },
      { label: "Later", cell: (one) => `${one.later.subject}, ${moment(one.later.time)}` },
      { label: "Accepted", cell: (one) => moment(one.later.ingestedAt) },
    ],
  });
