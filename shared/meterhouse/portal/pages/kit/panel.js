import { element, text } from "./elements.js";

/**
 * A card that is empty, loading, failed or full. `load(signal)` gives the data, `show(data)` an element, or null where
 * there is nothing: `empty` says so then. The returned element has `refresh()`.
 */
export function panel({ title, load, show, empty = "Nothing here yet.", tools = [], wide = false, id }) {
  const body = element("div", { class: "stack" });
  const head = element("header", {}, text("h2", title, { id: id && `${id}-title` }), element("div", { class: "row" }, ...tools));
  const card = element("section", { class: wide ? "card wide" : "card", id, "aria-labelledby": id && `${id}-title` }, head, body);
  let latest = null;

  card.refresh = async () => {
    latest?.abort();
    const turn = (latest = new AbortController());
    card.setAttribute("aria-busy", "true");
    if (!body.childElementCount) body.replaceChildren(loading());
    try {
      const made = show(await load(turn.signal));
      if (turn === latest) body.replaceChildren(made ?? text("p", empty, { class: "empty" }));
    } catch (error) {
      if (turn === latest) body.replaceChildren(failure(error, card.refresh));
    } finally {
      if (turn === latest) card.setAttribute("aria-busy", "false");
    }
  };
  return card;
}

export function loading() {
  const bars = [1, 2, 3].map(() => element("i", { "aria-hidden": "true" }));
  return element("div", { class: "loading", role: "status" }, ...bars, text("span", "Loading…", { class: "unseen" }));
}

/** What went wrong, with a way to try again. */
export function failure(error, again) {
  const told = error.status === undefined ? "The server could not be reached." : error.message;
  const request = error.requestId ? text("p", `Request ${error.requestId}`, { class: "small" }) : null;
  const retry = again && element("button", { type: "button", class: "button", on: { click: again } }, "Try again");
  return element("div", { class: "note bad stack", role: "alert" }, text("p", told), request, retry && element("div", {}, retry));
}
