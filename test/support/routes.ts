import type { TestService } from './service.js';

export interface Route {
  readonly method: string;
  /** As the program declares it: `/api/v1/tickets/:number`. */
  readonly path: string;
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** What the running service itself says that it answers; HEAD comes with each GET. */
export const routesOf = ({ app }: Pick<TestService, 'app'>): readonly Route[] => {
  const express = app.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } };
  return express.router.stack.flatMap(({ route }) =>
    route === undefined
      ? []
      : Object.keys(route.methods).map((method) => ({
          method: method.toUpperCase(),
          path: route.path,
        })),
  );
};

/** Well-formed keys that name nothing. */
const nobody: Readonly<Record<string, string>> = {
  id: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10',
  number: 'NONE-1',
  name: 'no-such-platform',
  filename: 'logs.tgz',
  link: `lcd_${'x'.repeat(32)}`,
};

/** Fills in a route's parameters. @param keys where they shall not name nothing */
export const pathOf = (path: string, keys: Readonly<Record<string, string>> = {}): string =>
  path.replace(/:(\w+)/g, (_all, name: string) => {
    // A session's id is the SHA-256 of what the cookie holds.
    const none = path.includes('/sessions/') ? 'ab'.repeat(32) : nobody[name];
    const key = keys[name] ?? none;
    if (key === undefined) throw new Error(`no key for :${name}`);
    return key;
  });

/** Whether a path is one of a route's. */
export const isAt = (route: Route, path: string): boolean =>
  new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(path);
