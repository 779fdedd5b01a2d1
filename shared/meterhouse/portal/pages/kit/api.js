/** The one way to the API: same origin, a bearer token, problems as errors, numbers as the text they came as. */

/** What the API refused or failed; `problems` are the faults by field. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || document.message || "The server gave no reason.");
    this.status = status;
    this.code = document.code || "";
    this.problems = document.extensions?.validationErrors ?? [];
    this.requestId = document.requestId || "";
  }

  /** Whether the token is none; a 403 with a code is of one that may not do this, and may do other things. */
  get refusesToken() {
    return this.status === 401 || (this.status === 403 && !this.code);
  }
}

/** JSON whose numbers are text: no amount passes through a double. `Number(…)` is for counts and pixels alone. */
export function readJson(source) {
  return JSON.parse(source, (_key, value, context) =>
    typeof value === "number" ? (context?.source ?? String(value)) : value,
  );
}

export class Api {
  /** `forbidden` is called with the status, 401 or 403, when the token is refused. */
  constructor(token, { base = "/", forbidden = () => {} } = {}) {
    this.token = token;
    this.base = base;
    this.forbidden = forbidden;
  }

  /** A document; `query` may hold lists, and null leaves a parameter out. */
  async get(path, query = {}, options = {}) {
    return readJson(await (await this.#ask("GET", path, { query, ...options })).text());
  }

  async send(method, path, body) {
    const answer = await (await this.#ask(method, path, { body })).text();
    return answer ? readJson(answer) : null;
  }

  /** Gives what is answered as a file to keep. */
  async download(path, name, { query = {}, accept = "*/*" } = {}) {
    const answer = await this.#ask("GET", path, { query, accept });
    const url = URL.createObjectURL(await answer.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  async #ask(method, path, { query = {}, body, accept = "application/json", signal } = {}) {
    const url = new URL(this.base + path.replace(/^\//, ""), location.origin);
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value].flat()) if (one !== null && one !== undefined) url.searchParams.append(name, one);
    }
    const headers = { accept, authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const request = { method, headers, signal, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
    const answer = await fetch(url, { ...request, body: body === undefined ? undefined : JSON.stringify(body) });
    if (answer.ok) return answer;
    const problem = new Problem(answer.status, await answer.json().catch(() => ({})));
    if (problem.refusesToken) this.forbidden(answer.status);
    throw problem;
  }
}

/** A path from its parts, each escaped. */
export const path = (...parts) => `/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
