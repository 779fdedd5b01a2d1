import { element, text } from "./elements.js";

/**
 * A table with a name. `columns` are { label, cell(row), number?: right-aligned }; a cell is text or an element.
 * `open(row)` gives what a row unfolds into, shown by a button in its last cell, as an element or a promise of one.
 */
export function table({ caption, columns, rows, open, openLabel = "Details", folds = true, tall = false }) {
  const labels = columns.map(({ label, number }) => text("th", label, { scope: "col", class: number && "number" }));
  if (open) labels.push(element("th", { scope: "col" }, text("span", openLabel, { class: "unseen" })));
  const body = element("tbody", {}, ...rows.flatMap((row) => lines(row, columns, open, openLabel)));
  const made = element("table", { class: folds ? "table folds" : "table" });
  made.append(text("caption", caption, { class: "unseen" }), element("thead", {}, element("tr", {}, ...labels)), body);
  return element("div", { class: tall ? "scroll tall" : "scroll", tabindex: tall && "0", role: tall && "region", "aria-label": tall && caption }, made);
}

function lines(row, columns, open, openLabel) {
  const cells = columns.map(({ label, cell, number }) =>
    element("td", { "data-label": label, class: number && "number" }, cell(row)),
  );
  if (!open) return [element("tr", {}, ...cells)];
  const room = element("td", { colspan: columns.length + 1 });
  const below = element("tr", { class: "opened", hidden: true }, room);
  const turn = async () => {
    below.hidden = !below.hidden;
    button.setAttribute("aria-expanded", String(!below.hidden));
    if (!below.hidden) room.replaceChildren(await open(row, room));
  };
  const button = element("button", { type: "button", class: "button plain", "aria-expanded": "false", on: { click: turn } }, openLabel);
  return [element("tr", {}, ...cells, element("td", { "data-label": "" }, button)), below];
}

/**
 * A list that grows page by page: `load(cursor)` gives { rows, next }, `draw(rows)` an element of all rows so far;
 * null of `draw` stands for an empty list.
 */
export async function growing(load, draw) {
  const rows = [];
  const holder = element("div", { class: "stack" });
  const extend = async (cursor) => {
    const page = await load(cursor);
    rows.push(...page.rows);
    const shown = draw(rows);
    if (!shown) return null;
    holder.replaceChildren(shown, ...(page.next ? [more(() => extend(page.next))] : []));
    return holder;
  };
  return extend(null);
}

function more(extend) {
  const pressed = async () => {
    button.disabled = true;
    await extend().finally(() => (button.disabled = false));
  };
  const button = element("button", { type: "button", class: "button", on: { click: pressed } }, "Show more");
  return element("div", {}, button);
}
