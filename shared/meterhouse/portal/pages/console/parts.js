/** What several views are made of. */
import { badge, element, text } from "../kit/elements.js";
import { growing, table } from "../kit/table.js";
import { words } from "../kit/format.js";

const KINDS = {
  good: ["active", "paid", "issued", "success", "counted", "verified", "first"],
  warn: ["scheduled", "pending", "sending", "resending", "payment_processing", "overdue", "waiting", "draft", "issuing", "duplicate", "gathering"],
  bad: ["failed", "uncollectible", "conflict", "missing", "invalid", "voided"],
};
const PAGE = 25;

/** A word of a state in its colour; `failed` overrules. */
export function state(name, failed = false) {
  const found = Object.keys(KINDS).find((kind) => KINDS[kind].includes(String(name).toLowerCase()));
  return badge(words(String(name).toLowerCase()), failed ? "bad" : (found ?? ""));
}

export function heading(title, back, ...beside) {
  const above = back && element("a", { href: back.href, class: "small" }, `← ${back.label}`);
  return element("div", { class: "masthead" }, element("div", {}, above, text("h1", title)), element("div", { class: "row" }, ...beside));
}

/** A list by page number: `ask(page)` gives the API's page. */
export function listed(ask, draw) {
  const load = async (page) => {
    const found = await ask({ page: page ?? 1, pageSize: PAGE });
    const items = Array.isArray(found) ? found : found.items;
    return { rows: items, next: items.length === PAGE ? (page ?? 1) + 1 : null };
  };
  return growing(load, draw);
}

/** A list by cursor. */
export function followed(ask, draw) {
  const load = async (cursor) => {
    const found = await ask({ limit: PAGE, cursor });
    return { rows: found.items, next: found.nextCursor ?? null };
  };
  return growing(load, draw);
}

/** A table of the rows, or null where there are none: the panel says so then. */
export const tableOrNull = (shape) => (shape.rows.length ? table(shape) : null);

export const code = (words_) => text("code", words_);

export const link = (href, words_) => element("a", { href }, words_);

/** A field of a form: `name` is the input's. */
export function field(label, name, attributes = {}) {
  return element("label", { class: "field" }, text("span", label), element("input", { type: "search", name, autocomplete: "off", ...attributes }));
}

/** A form whose submit gives its filled fields. */
export function form(fields, label, submit) {
  const submitted = (event) => {
    event.preventDefault();
    submit(Object.fromEntries([...new FormData(event.target)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value)));
  };
  return element("form", { class: "row search", on: { submit: submitted } }, ...fields, element("button", { class: "button" }, label));
}

/** Says for a while what was done. */
export function tell(words_) {
  const toast = document.getElementById("toast");
  toast.textContent = words_;
  toast.hidden = false;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => (toast.hidden = true), 6000);
}

/** Asks before something is done; `act` gets the reason where one is asked for, and its failure is told in place. */
export function confirm({ title, about, verb, reason, act }) {
  const input = reason && element("input", { type: "text", required: true, maxlength: 1000 });
  const told = text("p", "", { class: "note bad", role: "alert", hidden: true });
  const done = () => dialog.close();
  const go = async () => {
    if (input && !input.value.trim()) return input.focus();
    yes.disabled = true;
    try {
      await act(input?.value.trim());
      done();
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
      yes.disabled = false;
    }
  };
  const yes = element("button", { type: "button", class: "button primary", on: { click: go } }, verb);
  const no = element("button", { type: "button", class: "button", on: { click: done } }, "Cancel");
  const dialog = element(
    "dialog",
    { class: "card stack", "aria-label": title, on: { close: () => dialog.remove() } },
    text("h2", title),
    text("p", about),
    input && element("label", { class: "field" }, text("span", reason), input),
    told,
    element("div", { class: "row" }, yes, no),
  );
  document.body.append(dialog);
  dialog.showModal();
}
