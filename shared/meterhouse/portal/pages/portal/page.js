import { Api } from "../kit/api.js";
import { element, text } from "../kit/elements.js";
import { moment } from "../kit/format.js";
import { failure, loading } from "../kit/panel.js";
import { applyTheme, forget, takeCredential } from "../kit/session.js";
import { credit, creditGlance } from "./credit.js";
import { entitlements } from "./entitlements.js";
import { invoices } from "./invoices.js";
import { planGlance } from "./plan.js";
import { upcoming, upcomingGlance } from "./upcoming.js";
import { usage } from "./usage.js";

const KEPT_AS = "meterhouse.portal";
const main = document.getElementById("content");
let opened = "";

/** Instead of the page: what to do without a token, or with one that is over. */
function gate(title, words) {
  main.replaceChildren(element("section", { class: "card stack gate" }, text("h1", title), text("p", words, { class: "muted" })));
}

function over() {
  forget(KEPT_AS);
  gate("This link has expired", "Links to this page are valid for a while only. Open it again from where you found the link.");
}

function masthead(session) {
  const name = session.customer?.name ?? session.subject;
  const words = session.customer ? "Usage and billing" : "Usage";
  document.title = `${name} – ${words.toLowerCase()}`;
  const who = element("div", { class: "who" }, text("p", words, { class: "muted" }), text("h1", name));
  return element("header", { class: "masthead" }, who, text("p", `Open until ${moment(session.expiresAt)}`, { class: "muted small" }));
}

function cards(api, session) {
  const parts = session.meters.length ? [usage(api, session.meters)] : [];
  if (!session.customer) return [element("div", { class: "grid" }, ...parts)];
  const next = upcoming(api);
  const glances = [planGlance(api), upcomingGlance(next), creditGlance(api)];
  parts.push(entitlements(api), next, invoices(api), credit(api));
  return [element("div", { class: "glance" }, ...glances), element("div", { class: "grid" }, ...parts)];
}

async function open(token) {
  opened = token;
  const api = new Api(token, { forbidden: (status) => status === 401 && token === opened && over() });
  main.replaceChildren(element("section", { class: "card gate" }, loading()));
  try {
    const session = await api.get("/api/v1/portal/session");
    if (token !== opened) return;
    const made = cards(api, session);
    main.replaceChildren(masthead(session), ...made);
    for (const card of main.querySelectorAll("section.card")) card.refresh();
  } catch (error) {
    if (token !== opened || error.status === 401) return;
    main.replaceChildren(element("section", { class: "card gate" }, failure(error, () => open(token))));
  }
}

function begin() {
  const token = takeCredential("token", KEPT_AS);
  if (token) open(token);
  else gate("Usage and billing", "Open this page with the link you were given: it carries a token that tells who you are.");
}

applyTheme();
begin();
// whoever embeds the page renews its token by a new fragment, which loads nothing
addEventListener("hashchange", () => location.hash.startsWith("#token=") && begin());
