import { scopes } from '../../src/http/allow.js';
import { send } from '../support/http.js';
import { isAt, pathOf, routesOf } from '../support/routes.js';
import type { Route } from '../support/routes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

type Headers = Readonly<Record<string, string>>;

let service: TestService;
let key: Headers;
let token: Headers;

beforeAll(async () => {
  service = await startedService();
  const { given } = service;
  key = { Authorization: `Bearer ${(await given.apiKey(scopes)).value}` };
  token = { 'Upload-Token': (await given.uploadToken({ attempts: 1000 })).value };
});

/** Nobody, and somebody for whom the route is: what is kept from one is there for no spelling, or for no other. */
const callersOf = ({ method, path }: Route): Readonly<Record<string, Headers>> => {
  const isUpload =
    /\/upload(s|-token)\b/.test(path) || (method !== 'GET' && path.endsWith('archives'));
  return { nobody: {}, somebody: isUpload ? token : key };
};

/** Less those of which each text is a name, and the folder of Swagger UI, which answers for itself. */
const asked = (): readonly Route[] =>
  routesOf(service).filter(
    // A stream has no end to wait for.
    ({ path }) => !/\/events$|:filename$|^\/api\/docs$/.test(path),
  );

interface Told {
  readonly status: number;
  readonly code: unknown;
}

const told = async (method: string, path: string, headers: Headers): Promise<Told> => {
  const { status, body } = await send(service.url + path, { method, headers });
  return { status, code: body?.code };
};

const encoded = (text: string): string =>
  [...text].map((sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');

/** Other ways to write a path; each may be the same address or none, and nothing in between. */
const spellings: readonly (readonly [what: string, spell: (path: string) => string])[] = [
  ['in capitals', (path) => path.toUpperCase()],
  [
    'in capitals but for its keys',
    (path) => path.replace(/^(\/[a-z.]+)+/, (all) => all.toUpperCase()),
  ],
  ['with two slashes before', (path) => `/${path}`],
  ['with two slashes behind', (path) => `${path}//`],
  ['with an encoded slash', (path) => path.replace(/(?<=.)\/(?=[^/]+$)/, '%2f')],
  ['with encoded letters', (path) => path.replace(/[a-z.]+$/, encoded)],
  ['with backslashes', (path) => `/${path.slice(1).replaceAll('/', '\\')}`],
  ['with a dot in between', (path) => path.replace(/\/(?=[^/]+$)/, '/./')],
  ['with a detour', (path) => path.replace(/\/(?=[^/]+$)/, '/x/../')],
  ['with a semicolon behind', (path) => `${path};x=y`],
  ['with a file name behind', (path) => `${path}/x.css`],
  ['with an encoded NUL behind', (path) => `${path}%00`],
  ['with an encoded line break behind', (path) => `${path}%0d%0a`],
];

/** Nothing that lets anybody do or see a thing; an answer to HEAD has its status alone. */
const isNone = ({ status, code }: Told): boolean =>
  (
    ({
      400: ['request-malformed', 'validation-failed', undefined],
      401: ['credentials-missing', undefined],
      404: ['not-found', undefined],
      405: ['method-not-allowed'],
    }) as Readonly<Record<number, readonly unknown[]>>
  )[status]?.includes(code) ?? false;

const isSame = (one: Told, other: Told): boolean =>
  one.status === other.status && one.code === other.code;

it.each(spellings)('a path %s is the same address or none', async (_what, spell) => {
  const differing: unknown[] = [];
  for (const route of asked())
    for (const [who, headers] of Object.entries(callersOf(route))) {
      const path = pathOf(route.path);
      // Any text behind it is a file's name.
      if (route.method === 'POST' && /^\/api\/v1\/archives\/[^/]+$/i.test(spell(path))) continue;
      const plain = await told(route.method, path, headers);
      const other = await told(route.method, spell(path), headers);
      if (!isSame(plain, other) && !isNone(other))
        differing.push({ who, method: route.method, path: spell(path), plain, other });
    }
  expect(differing).toEqual([]);
});

/** Other ways to write one fixed part of a path; none of them is an address. */
const respellings: readonly (readonly [what: string, spell: (part: string) => string])[] = [
  ['in capitals', (part) => part.toUpperCase()],
  ['with one capital', (part) => part.replace(/[a-z]/, (letter) => letter.toUpperCase())],
  ['with two slashes before it', (part) => `/${part}`],
  // One behind the last part is accepted.
  ['with slashes behind it', (part) => `${part}//`],
  ['with an encoded letter', (part) => part.replace(/[a-z]/, encoded)],
  ['in encoded capitals', (part) => encoded(part.toUpperCase())],
];

/** The route's path once for each fixed part, with that part respelled; less those in which it is a key of another route. */
const respelled = (route: Route, spell: (part: string) => string): readonly string[] => {
  const parts = route.path.slice(1).split('/');
  return parts
    .flatMap((part, at) =>
      part.startsWith(':')
        ? []
        : [`/${parts.map((one, place) => (place === at ? spell(one) : one)).join('/')}`],
    )
    .map((path) => pathOf(path))
    .filter((path) => !routesOf(service).some((one) => /:\w+$/.test(one.path) && isAt(one, path)));
};

it.each(respellings)('a fixed part of a path %s is 404', async (_what, spell) => {
  const differing: unknown[] = [];
  for (const route of routesOf(service))
    for (const path of respelled(route, spell))
      for (const [who, headers] of Object.entries(callersOf(route))) {
        const { status, code } = await told(route.method, path, headers);
        // An answer to HEAD has its status alone.
        if (status !== 404 || ![undefined, 'not-found'].includes(code as string))
          differing.push({ who, method: route.method, path, status, code });
      }
  expect(differing).toEqual([]);
});

it('what stands beside the routes is found in one spelling too', async () => {
  const asset = '/api/docs/swagger-ui.css';
  expect(await told('GET', asset, {})).toMatchObject({ status: 200 });
  // 503 where the pages are not built.
  for (const path of ['/upload', '/upload/'])
    expect([200, 503]).toContain((await told('GET', path, {})).status);
  const others = [
    ...['/api/docs//swagger-ui.css', '/api/docs/swagger%2dui.css'],
    ...['/api/docs/%73wagger-ui.css', '/API/docs/swagger-ui.css', '/api/DOCS/swagger-ui.css'],
    ...['/api/docs//', '/api/docs/SWAGGER-UI.css'],
    ...['/upload//', '//upload', '/Upload', '/%75pload', '/UPLOAD.SH', '/uploa%64.sh'],
  ];
  for (const path of others)
    expect({ path, ...(await told('GET', path, {})) }).toEqual({
      ...{ path, status: 404, code: 'not-found' },
    });
  // To a browser, which is shown the pages at addresses that are none of the API's.
  const browser = { Accept: 'text/html' };
  for (const path of ['/tickets//SUP-1', '/upload//', '/API/v1/users', '//api/v1/users'])
    expect({ path, ...(await told('GET', path, browser)) }).toMatchObject({ path, status: 404 });
});

it('a key may be encoded, and a slash may end any path', async () => {
  const { api } = await service.given.admin();
  const { number } = await service.given.ticket();
  for (const path of [`/tickets/${encoded(number)}`, `/tickets/${encoded(number)}/`, '/tickets/'])
    await api.get(path).expect(200);
  const sent = await send(`${service.url}/api/v1/archives/%6cogs%2E%74gz/`, {
    method: 'PUT',
    headers: token,
    body: 'some logs',
  });
  expect(sent).toMatchObject({ status: 201, body: { filename: 'logs.tgz' } });
  const made = await send(`${service.url}/api/v1/uploads/`, {
    method: 'POST',
    headers: { ...token, 'Tus-Resumable': '1.0.0', 'Upload-Length': 4 },
  });
  expect(made.status).toBe(201);
  const id = String(made.headers.location).split('/').at(-1) ?? '';
  const head = await send(`${service.url}/api/v1/uploads/${encoded(id)}`, {
    method: 'HEAD',
    headers: { ...token, 'Tus-Resumable': '1.0.0' },
  });
  expect(head).toMatchObject({ status: 200, headers: { 'upload-offset': '0' } });
});

it('a method in a header or a query overrides nothing', async () => {
  const differing: unknown[] = [];
  const names = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method'];
  for (const route of asked()) {
    const { method } = route;
    const path = pathOf(route.path);
    // But for tus, whose clients may know of no PATCH (tus 1.0.0, "X-HTTP-Method-Override").
    const isTus = method === 'POST' && path.includes('/uploads/');
    for (const [who, headers] of Object.entries(isTus ? { nobody: {} } : callersOf(route))) {
      const plain = await told(method, path, headers);
      for (const wanted of ['DELETE', 'GET'].filter((one) => one !== method)) {
        const overriding = Object.fromEntries(names.map((name) => [name, wanted]));
        const byHeader = await told(method, path, { ...headers, ...overriding });
        const byQuery = await told(method, `${path}?_method=${wanted}`, headers);
        if (!isSame(plain, byHeader) || !(isSame(plain, byQuery) || isNone(byQuery)))
          differing.push({ who, method, path, wanted, plain, byHeader, byQuery });
      }
    }
  }
  expect(differing).toEqual([]);
});
