/** Notifications: each event, how its delivery to each channel stands, the attempts, and sending it again. */
import { path } from "../kit/api.js";
import { element, select, text } from "../kit/elements.js";
import { moment, words } from "../kit/format.js";
import { panel } from "../kit/panel.js";
import { table } from "../kit/table.js";
import { code, confirm, heading, listed, state, tableOrNull, tell } from "./parts.js";

const EVENTS = "/api/v1/notification/events";

export function webhooks({ api }) {
  let channel = "";
  const named = new Map();
  const holder = element("div", { class: "row" });
  const card = panel({
    title: "Deliveries",
    wide: true,
    tools: [holder, element("button", { type: "button", class: "button", on: { click: () => card.refresh() } }, "Look again")],
    load: async (signal) => {
      if (!holder.childElementCount) {
        const channels = (await api.get("/api/v1/notification/channels", { pageSize: 1000 }, { signal })).items;
        for (const { id, name } of channels) named.set(id, name);
        holder.append(select("Channel", [["", "Any channel"], ...named], "", (one) => ((channel = one), card.refresh())));
      }
      return listed((page) => api.get(EVENTS, { ...page, order: "DESC", channel: channel || null }), (rows) => deliveries(api, rows, named, card.refresh));
    },
    show: (made) => made,
    empty: "Nothing was notified yet. A rule with a channel makes the first delivery.",
  });
  card.refresh();
  return element("div", { class: "stack" }, heading("Webhooks"), card);
}

const deliveries = (api, rows, named, again) =>
  tableOrNull({
    caption: "Notification events",
    rows,
    open: (event) => detail(api, event, named, again),
    columns: [
      { label: "When", cell: (event) => moment(event.createdAt) },
      { label: "What", cell: (event) => words(event.type) },
      { label: "Rule", cell: (event) => event.rule?.name ?? "–" },
      { label: "Deliveries", cell: (event) => element("span", { class: "row" }, ...event.deliveryStatus.map((one) => state(one.state))) },
    ],
  });

function detail(api, event, named, again) {
  return element(
    "div",
    { class: "stack" },
    element("p", { class: "row apart" }, element("span", {}, "Message id ", code(event.id)), resend(api, event, again)),
    ...event.deliveryStatus.map((one) => delivery(one, named)),
    element("details", {}, text("summary", "Payload, its numbers as text"), text("pre", JSON.stringify(event.payload, null, 2), { tabindex: "0" })),
  );
}

function resend(api, event, again) {
  const act = async () => {
    await api.send("POST", `${path("api", "v1", "notification", "events", event.id)}/resend`, {});
    tell("It is sent again, under the same message id.");
    again();
  };
  const ask = () => confirm({ title: "Send it again?", about: "Every channel of its rule gets the message again, under the same id, so that a receiver can tell it is no new one.", verb: "Send again", act });
  return element("button", { type: "button", class: "button", on: { click: ask } }, "Send again");
}

function delivery(one, named) {
  const next = one.nextAttempt ? `next attempt ${moment(one.nextAttempt)}` : "";
  const head = element("div", { class: "row" }, text("h3", named.get(one.channel.id) ?? one.channel.id), state(one.state), text("span", [one.reason, next].filter(Boolean).join(", "), { class: "muted" }));
  const columns = [
    { label: "When", cell: (attempt) => moment(attempt.timestamp) },
    { label: "", cell: (attempt) => state(attempt.state) },
    { label: "Status", number: true, cell: ({ response }) => response?.statusCode ?? "–" },
    { label: "Took", number: true, cell: ({ response }) => (response?.durationMs === undefined ? "–" : `${response.durationMs} ms`) },
    { label: "Answer", cell: ({ response }) => (response?.body ? code(response.body) : "–") },
  ];
  const rows = one.attempts ?? [];
  const tried = rows.length ? table({ caption: "Attempts", rows, columns }) : text("p", "Not tried yet.", { class: "muted" });
  return element("section", { class: "stack" }, head, tried);
}
