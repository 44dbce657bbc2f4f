/**
 * Where the service stands on its host: at `/`, or at `/logs/` where PUBLIC_URL has a path. All scripts lie in `assets/`
 * below it, so that each of them knows without being told. In development they lie elsewhere, and it stands at `/`.
 */
export const base = new URL(import.meta.env.DEV ? '/' : '../', import.meta.url);

const prefix = base.pathname.slice(0, -1);

/** For `href` and every call: an address of the service's own as the browser reaches it. @param path `/tickets?q=a` */
export const link = (path: string): string => prefix + path;

/** The path as the service names it; null where it is another program's on the same host. */
export const within = (pathname: string): string | null => {
  if (pathname === prefix) return '/';
  return pathname.startsWith(base.pathname) ? pathname.slice(prefix.length) : null;
};
