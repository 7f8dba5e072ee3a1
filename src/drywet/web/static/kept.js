// What was chosen in a tab, kept over a reload of it.
import { useEffect, useState } from "/static/preact.js";

export function useKept(name, first) {
  const [value, set] = useState(() => {
    try { return JSON.parse(sessionStorage.getItem(name)) ?? first; } catch { return first; }
  });
  useEffect(() => { sessionStorage.setItem(name, JSON.stringify(value)); }, [value]);
  return [value, set];
}
