import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes } from '../../src/errors/catalogue.js';
import { send } from '../support/http.js';
import { routesOf } from '../support/routes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

let service: TestService;
let document: Document;

beforeAll(async () => {
  service = await startedService();
  const answer = await send(`${service.url}/api/v1/openapi.json`, { method: 'GET' });
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  document = answer.body as Document;
});

const operations = (): readonly (readonly [name: string, path: string, operation: Operation])[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, path, operation] as const,
    ),
  );

/** Every object within a JSON value, with the way to it. */
function* within(node: unknown, way = '#'): Iterable<readonly [string, Record<string, unknown>]> {
  if (node === null || typeof node !== 'object') return;
  if (!Array.isArray(node)) yield [way, node as Record<string, unknown>];
  for (const [key, value] of Object.entries(node)) yield* within(value, `${way}/${key}`);
}

describe('the OpenAPI document', () => {
  it('is 3.1 and names the service and its version', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: 'Logs Collector', version: expect.any(String) });
  });

  it('lists every route, and none that there is not', () => {
    const documented = operations().map(([name]) => name);
    const served = routesOf(service)
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
      // The document and the page about it are not part of the API.
      .filter((name) => !/openapi\.json|\/api\/docs/.test(name));
    expect([...documented].sort()).toEqual([...served].sort());
  });

  it('declares every parameter of a path, once, as required', () => {
    for (const [name, path, { parameters = [] }] of operations()) {
      const declared = parameters.filter((parameter) => parameter.in === 'path');
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, key]) => key);
      expect({ name, keys: declared.map((parameter) => parameter.name).sort() }).toEqual({
        name,
        keys: [...named].sort(),
      });
      for (const { required, schema } of declared) {
        expect(required).toBe(true);
        expect(schema).toBeDefined();
      }
    }
  });

  it('refers to nothing that it does not hold', () => {
    const references = [...within(document)].flatMap(([way, node]) =>
      typeof node['$ref'] === 'string' ? [[way, node['$ref']] as const] : [],
    );
    expect(references.length).toBeGreaterThan(50);
    for (const [way, reference] of references) {
      const target = reference
        .split('/')
        .slice(1)
        .reduce<unknown>(
          (node, key) => (node as Record<string, unknown> | undefined)?.[key],
          document,
        );
      expect({ way, reference, found: target !== undefined }).toMatchObject({ found: true });
    }
    const used = new Set(references.map(([, reference]) => reference.split('/').at(-1)));
    for (const name of Object.keys(document.components.schemas))
      expect({ name, used: used.has(name) }).toEqual({ name, used: true });
  });

  it('is of this version: null is a type, and no word of 3.0 is left', () => {
    for (const [way, node] of within(document)) {
      const isSchema = !/\/properties$|\/example/.test(way);
      if (!isSchema) continue;
      expect({ way, nullable: node['nullable'] }).toEqual({ way, nullable: undefined });
      expect({ way, type: typeof node['exclusiveMinimum'] }).not.toMatchObject({ type: 'boolean' });
    }
    const { Problem: _problem, ...views } = document.components.schemas;
    const types = [...within(views)].flatMap(([, { type }]) => (Array.isArray(type) ? [type] : []));
    expect(types).toContainEqual(['string', 'null']);
  });

  it('gives every field of every schema a type, and requires only fields that it has', () => {
    for (const [name, { properties = {}, required = [] }] of Object.entries(
      document.components.schemas,
    )) {
      const fields = properties as Record<string, Record<string, unknown>>;
      for (const [field, schema] of Object.entries(fields)) {
        const isTyped = ['type', '$ref', 'allOf', 'anyOf', 'oneOf', 'enum'].some(
          (word) => schema[word] !== undefined,
        );
        expect({ name, field, isTyped }).toEqual({ name, field, isTyped: true });
      }
      for (const field of required as string[]) expect(Object.keys(fields)).toContain(field);
    }
  });

  it('has an own name for every operation, a good answer and the form of its errors', () => {
    const ids = operations().map(([, , { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [name, , { responses, description }] of operations()) {
      const good = Object.keys(responses).filter((status) => /^[23]/.test(status));
      expect({ name, good: good.length > 0 }).toEqual({ name, good: true });
      expect(Object.keys(responses['default']?.content ?? {})).toEqual([
        'application/problem+json',
      ]);
      expect({ name, description }).toEqual({ name, description: expect.stringMatching(/^For /) });
    }
  });

  it('says who may call each operation, by schemes that it describes', () => {
    const schemes = Object.keys(document.components.securitySchemes);
    const open: string[] = [];
    for (const [name, , { security = [] }] of operations()) {
      for (const scheme of security.flatMap(Object.keys)) expect(schemes).toContain(scheme);
      if (security.length === 0) open.push(name);
    }
    expect(open.sort()).toEqual([
      'GET /api/v1/downloads/{link}',
      'GET /api/v1/health',
      'GET /health/live',
      'GET /health/ready',
      'GET /upload.sh',
      'OPTIONS /api/v1/uploads',
      'POST /api/v1/auth/login',
      'POST /api/v1/auth/passkeys/sign-in',
      'POST /api/v1/auth/passkeys/sign-in/options',
      'POST /api/v1/auth/setup',
    ]);
  });

  it('lists every error code', () => {
    const { properties } = document.components.schemas['Problem'] as {
      properties: { code: { enum: string[] } };
    };
    expect(properties.code.enum).toEqual([...errorCodes]);
  });

  // scripts/check compares the two as well; here it shows while one works.
  it('is the one that is committed', () => {
    const path = join(__dirname, '../../docs/openapi.json');
    if (!existsSync(path)) return;
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(document);
  });
});

describe('Swagger UI', () => {
  const get = (path: string) => send(new URL(path, service.url).href, { method: 'GET' });

  it('loads with all of its parts, from this host alone, under a strict policy', async () => {
    const short = await get('/api/docs');
    expect(short).toMatchObject({ status: 301, headers: { location: '/api/docs/' } });
    const page = await get('/api/docs/');
    expect(page).toMatchObject({ status: 200 });
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.headers['content-security-policy']).toMatch(/default-src 'self'/);
    expect(page.headers['content-security-policy']).not.toMatch(/unsafe|https?:/);

    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map(([, part = '']) => part)
      .filter((part) => !part.startsWith('#'));
    expect(parts.join()).toMatch(/swagger-ui-bundle\.js.*swagger-ui-init\.js/);
    for (const part of parts) {
      expect(part).not.toMatch(/^(https?:)?\/\//);
      const answer = await get(new URL(part, `${service.url}/api/docs/`).pathname);
      expect({ part, status: answer.status }).toEqual({ part, status: 200 });
      const type = part.endsWith('.js') ? /javascript/ : part.endsWith('.css') ? /css/ : /image/;
      expect(answer.headers['content-type']).toMatch(type);
    }
    const start = await get('/api/docs/swagger-ui-init.js');
    expect(start.text).toContain('/api/v1/openapi.json');
  });

  it('has nothing inline, which its policy would not let run', async () => {
    const { text } = await get('/api/docs/');
    for (const [tag] of text.matchAll(/<script[^>]*>/g)) expect(tag).toContain('src=');
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/);
  });
});

it('with API_DOCS=off there is neither', async () => {
  const quiet = await startedService({ API_DOCS: 'off' });
  for (const path of [
    '/api/v1/openapi.json',
    '/api/docs',
    '/api/docs/',
    '/api/docs/swagger-ui.css',
  ])
    expect(await send(quiet.url + path, { method: 'GET' })).toMatchObject({ status: 404 });
});
