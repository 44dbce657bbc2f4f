export type Params = Readonly<Record<string, string>>;

/** Parameters of `pattern` (`/tickets/:number`) in `path`; null where it does not match. A slash at the end is nothing. */
export const match = (pattern: string, path: string): Params | null => {
  const wanted = pattern.split('/').filter(Boolean);
  const given = path.split('/').filter(Boolean);
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) {
      try {
        params[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return null;
      }
    } else if (part !== value) return null;
  }
  return params;
};
