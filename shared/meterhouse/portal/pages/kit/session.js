/**
 * The credential of this page: from the URL's fragment (`#token=…`), which no server is sent and no log holds. It is
 * taken out of the address and of the history at once, and kept for a reload of this tab only.
 */
export function takeCredential(name, key) {
  const given = new URLSearchParams(location.hash.slice(1)).get(name);
  if (given) {
    history.replaceState(null, "", location.pathname + location.search);
    keep(key, given);
    return given;
  }
  return kept(key);
}

export function keep(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // an embedding page may forbid storage: a reload then asks for the link again
  }
}

export function forget(key) {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // as above
  }
}

export function kept(key) {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** `?theme=light` or `?theme=dark` of the embedding page; without it the reader's own setting rules. */
export function applyTheme() {
  const theme = new URLSearchParams(location.search).get("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
