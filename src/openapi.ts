import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import swaggerUi from 'swagger-ui-express';
import { errorCodes, statusOf } from './errors/catalogue.js';
import { NotFound } from './errors/errors.js';
import { Addresses } from './http/addresses.js';
import { version } from './version.js';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** OpenAPI 3.1 has no `nullable`: null is one of the types (JSON Schema 2020-12). */
const withoutNullable = (node: Json): Json => {
  if (Array.isArray(node)) return node.map(withoutNullable);
  if (node === null || typeof node !== 'object') return node;
  const { nullable, ...rest } = node;
  const entries = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, withoutNullable(value)]),
  );
  if (nullable !== true) return entries;
  if (typeof entries['type'] === 'string') return { ...entries, type: [entries['type'], 'null'] };
  return { anyOf: [entries, { type: 'null' }] };
};

const problem = {
  type: 'object',
  description: 'Every error (RFC 9457). Switch on `code`; `detail` is a sentence for people.',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'says what to do next' },
    code: {
      type: 'string',
      enum: [...errorCodes],
      description: errorCodes.map((code) => `${code} ${statusOf(code)}`).join(', '),
    },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      description: 'with validation-failed: the fields to correct',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

const callers: Readonly<Record<string, string>> = {
  'upload-token': 'the holder of an upload token',
  'upload-token-or-form':
    'the holder of an upload token; a form may carry it as a field before the file',
  'any-session': 'a signed-in person, also before the second factor',
  engineer: 'a person with second factor',
  admin: 'an admin with second factor',
  metrics: 'whoever has METRICS_TOKEN; 404 where the operator set none',
};

const callerOf = (right: string): string =>
  callers[right] ?? `a person with second factor, or an API key with the scope ${right}`;

/** What an operation is called in the document: its id, and the group that it is shown in beside its noun's. */
interface Called {
  readonly id: string;
  readonly group?: string;
}

/**
 * Operations whose routes moved to another controller. Generated clients have the id as the name of a method, and the
 * group as that of a class, so both stay. By the id that the new place would give.
 */
const beforeMove: Readonly<Record<string, Called>> = {
  archives_delete: { id: 'deletion_archive', group: 'Deletion' },
  platforms_delete: { id: 'deletion_platform', group: 'Deletion' },
  tickets_delete: { id: 'deletion_ticket', group: 'Deletion' },
  tickets_create: { id: 'uploadTokens_open', group: 'upload tokens' },
  downloads_byLink: { id: 'contents_byLink' },
  downloads_content: { id: 'contents_content' },
  downloads_createLink: { id: 'contents_createLink' },
};

const keepNames = (operation: OperationObject): void => {
  const kept = beforeMove[operation.operationId ?? ''];
  if (!kept) return;
  operation.operationId = kept.id;
  if (kept.group !== undefined) operation.tags = [kept.group, ...(operation.tags?.slice(-1) ?? [])];
};

/** What holds for every operation: who may call it, and the form of its errors. */
const withCallersAndProblems = (document: OpenAPIObject): OpenAPIObject => {
  const operations = Object.values(document.paths).flatMap((path) =>
    [path.get, path.put, path.post, path.patch, path.delete, path.head, path.options].filter(
      (one) => one !== undefined,
    ),
  );
  for (const operation of operations) {
    keepNames(operation);
    const { 'x-right': right } = operation as { 'x-right'?: string };
    const who = `For ${right === undefined ? 'anybody' : callerOf(right)}.`;
    operation.description = [who, operation.description].filter(Boolean).join(' ');
    operation.responses.default = {
      description: 'An error',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  const schemas = { ...document.components?.schemas, Problem: problem as never };
  return { ...document, components: { ...document.components, schemas } };
};

const sorted = <Value>(record: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** In an order of their own, so that the document does not change with the order in which modules are loaded. */
const inOrder = (document: OpenAPIObject): OpenAPIObject => ({
  ...document,
  paths: sorted(document.paths),
  components: { ...document.components, schemas: sorted(document.components?.schemas ?? {}) },
});

/** The API's document, generated from the controllers and DTOs. */
export const openApiDocument = (app: NestExpressApplication): OpenAPIObject => {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Logs Collector')
    .setDescription(
      'Ticketed log-archive uploads. Errors are application/problem+json (RFC 9457) with a stable `code`.',
    )
    .setVersion(version)
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    .addServer('/')
    .addCookieAuth('lc_session', { type: 'apiKey', in: 'cookie' }, 'session')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'API key or upload token' },
      'bearer',
    )
    .addBasicAuth(
      { type: 'http', scheme: 'basic', description: 'upload token as password' },
      'basic',
    )
    .addApiKey({ type: 'apiKey', in: 'header', name: 'Upload-Token' }, 'uploadToken')
    .build();
  const document = SwaggerModule.createDocument(app, builder, {
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '').replace(/^./, (first) => first.toLowerCase())}_${method}`,
  });
  return withoutNullable(
    inOrder(withCallersAndProblems(document)) as unknown as Json,
  ) as unknown as OpenAPIObject;
};

/** Swagger UI's page without its inline styles, which our Content-Security-Policy would not apply. */
const docsPage = (prefix: string): string =>
  swaggerUi
    .generateHTML(undefined, { swaggerOptions: { url: `${prefix}/api/v1/openapi.json` } })
    .replace(/<style>.*?<\/style>/gs, '')
    .replace(/ style="[^"]*"/g, ' width="0" height="0"');

/** Swagger UI's files come from a static server, which decodes paths and merges slashes: it would take other spellings. */
const oneSpelling = (req: Request, _res: Response, next: NextFunction): void =>
  /^\/[\w.-]*$/.test(req.path) ? next() : next(new NotFound('address'));

/** Serves the document and Swagger UI; nothing of it comes from another host. */
export const serveDocs = (app: NestExpressApplication): void => {
  let document: OpenAPIObject | null = null;
  const { prefix } = app.get(Addresses);
  const express = app.getHttpAdapter().getInstance();
  express.get('/api/v1/openapi.json', (_req: Request, res: Response) => {
    res.json((document ??= { ...openApiDocument(app), servers: [{ url: `${prefix}/` }] }));
  });
  const page = docsPage(prefix);
  express.get('/api/docs', (req: Request, res: Response) => {
    // The page names its assets relative to its folder.
    if (req.path.endsWith('/')) res.type('html').send(page);
    else res.redirect(301, `${prefix}/api/docs/`);
  });
  app.use('/api/docs', oneSpelling, swaggerUi.serve);
};
