/** Builds elements. Text comes from data, so it only ever becomes text: nothing here reads markup. */

const SCHEMES = new Set(["http:", "https:", "blob:"]);

/**
 * `element("p", { class: "muted" }, "so many ", element("b", {}, "calls"))`.
 * A value of null or false leaves its attribute out; `on` holds listeners; null children are left out.
 */
export function element(name, { on = {}, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (/^on|^style$|^srcdoc$/i.test(key)) throw new Error(`${key} is no attribute for a page under our policy`);
    if (key === "href" && !SCHEMES.has(new URL(value, document.baseURI).protocol)) continue;
    made.setAttribute(key, value === true ? "" : String(value));
  }
  for (const [kind, listener] of Object.entries(on)) made.addEventListener(kind, listener);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const text = (name, words, attributes = {}) => element(name, attributes, words);

export const badge = (words, kind = "") => text("span", words, { class: `badge ${kind}`.trim() });

/** A switch of one of a few: `options` are [value, label]; `choose` gets the value. */
export function choices(label, options, chosen, choose) {
  const group = element("div", { class: "choices", role: "group", "aria-label": label });
  const buttons = options.map(([value, words]) => {
    const pressed = () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      choose(value);
    };
    const attributes = { type: "button", "aria-pressed": String(value === chosen), on: { click: pressed } };
    const button = element("button", attributes, words);
    return button;
  });
  group.append(...buttons);
  return group;
}

/** A labelled drop-down: `options` are [value, label]. */
export function select(label, options, chosen, choose) {
  const items = options.map(([value, words]) => element("option", { value, selected: value === chosen }, words));
  const control = element("select", { on: { change: () => choose(control.value) } }, ...items);
  return element("label", { class: "field" }, text("span", label), control);
}

/** Pairs of a name and a value. */
export const facts = (pairs) =>
  element("dl", { class: "facts" }, ...pairs.flatMap(([name, value]) => [text("dt", name), element("dd", {}, value)]));
