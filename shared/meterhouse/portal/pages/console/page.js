/** The operator's console: a key is typed in, kept for this tab alone, and each view is a hash. */
import { Api } from "../kit/api.js";
import { element, text } from "../kit/elements.js";
import { applyTheme, forget, keep, kept } from "../kit/session.js";
import { conservation } from "./conservation.js";
import { customers } from "./customers.js";
import { events } from "./events.js";
import { invoices } from "./invoices.js";
import { meters } from "./meters.js";
import { Names } from "./names.js";
import { subscriptions } from "./subscriptions.js";
import { webhooks } from "./webhooks.js";

const KEY = "meterhouse.console.key";
const VIEWS = new Map([
  ["customers", ["Customers", customers]],
  ["events", ["Events", events]],
  ["meters", ["Meters", meters]],
  ["subscriptions", ["Subscriptions", subscriptions]],
  ["invoices", ["Invoices", invoices]],
  ["webhooks", ["Webhooks", webhooks]],
  ["conservation", ["Conservation", conservation]],
]);
const [bar, content] = ["bar", "content"].map((id) => document.getElementById(id));
let session = null;

applyTheme();
const stored = kept(KEY);
if (stored) enter(stored);
else askForKey();
addEventListener("hashchange", () => session && location.hash !== "#content" && show());

function enter(key) {
  // an answer to the key before may come after the next one was typed in
  const api = new Api(key, { forbidden: () => session?.api === api && leave("The key is not accepted any more.") });
  session = { api, names: new Names(api) };
  const links = [...VIEWS].map(([name, [label]]) => element("a", { href: `#/${name}`, "data-view": name }, label));
  const out = element("button", { type: "button", class: "button", on: { click: () => leave() } }, "Sign out");
  bar.replaceChildren(text("strong", "Meterhouse"), element("nav", { "aria-label": "Views" }, ...links), out);
  bar.hidden = false;
  show();
}

function leave(words = "") {
  forget(KEY);
  session = null;
  bar.hidden = true;
  askForKey(words);
}

/** Draws the view that the hash names. */
function show() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  const [label, view] = VIEWS.get(name) ?? VIEWS.get("customers");
  const current = VIEWS.has(name) ? name : "customers";
  for (const link of bar.querySelectorAll("a")) {
    if (link.dataset.view === current) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "center" });
    } else link.removeAttribute("aria-current");
  }
  document.title = `${label} · Meterhouse console`;
  content.replaceChildren(view(session, VIEWS.has(name) ? rest : []));
  content.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** What was typed into the address need not be well-formed. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function askForKey(words = "") {
  document.title = "Meterhouse console";
  const input = element("input", { type: "password", name: "key", required: true, autocomplete: "off", spellcheck: "false" });
  const told = text("p", words, { class: "note bad", role: "alert", hidden: !words });
  const button = element("button", { class: "button primary" }, "Open the console");
  const submitted = async (event) => {
    event.preventDefault();
    const key = input.value.trim();
    button.disabled = true;
    try {
      await new Api(key).get("/api/v1/meters", { pageSize: 1 });
      keep(KEY, key);
      enter(key);
    } catch (error) {
      told.textContent = error.refusesToken ? "This is no key of this deployment." : error.message || "The server could not be reached.";
      told.hidden = false;
      input.select();
    } finally {
      button.disabled = false;
    }
  };
  const form = element(
    "form",
    { class: "card stack gate", on: { submit: submitted } },
    text("h1", "Meterhouse console"),
    text("p", "Customers, usage, invoices and deliveries of one namespace, as its API key sees them.", { class: "muted" }),
    element("label", { class: "field" }, text("span", "API key"), input),
    told,
    element("div", {}, button),
    text("p", "The key stays in this tab and is forgotten when you close it.", { class: "muted small" }),
  );
  content.replaceChildren(form);
  input.focus();
}
