/** What the holder of an upload token may ask for, by path and method. */
const uploadRoutes: readonly (readonly [path: RegExp, methods: readonly string[]])[] = [
  [/^\/api\/v1\/archives\/?$/, ['POST']],
  [/^\/api\/v1\/archives\/[^/]+\/?$/, ['POST', 'PUT']],
  [/^\/api\/v1\/uploads\/?$/, ['OPTIONS', 'POST']],
  [/^\/api\/v1\/uploads\/[^/]+\/?$/, ['HEAD', 'PATCH', 'DELETE', 'POST']],
  [/^\/api\/v1\/upload-token\/?$/, ['GET', 'HEAD']],
];

/** @returns none where the path is no upload's */
export const uploadMethodsAt = (path: string): readonly string[] =>
  uploadRoutes.find(([route]) => route.test(path))?.[1] ?? [];

/** Whether the body is an archive, or a part of one: it streams, whatever its Content-Type says. */
export const bringsArchive = ({ method, path }: { method: string; path: string }): boolean =>
  ['POST', 'PUT', 'PATCH'].includes(method) && uploadMethodsAt(path).includes(method);
