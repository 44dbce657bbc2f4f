import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import swaggerUi from 'swagger-ui-express';
import { version } from './version.js';

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
  return withoutNullable(document as unknown as Json) as unknown as OpenAPIObject;
};

/** Serves the document and Swagger UI; nothing of it comes from another host. */
export const serveDocs = (app: NestExpressApplication): void => {
  let document: OpenAPIObject | null = null;
  const load = (): OpenAPIObject => (document ??= openApiDocument(app));
  app
    .getHttpAdapter()
    .getInstance()
    .get('/api/v1/openapi.json', (_req: Request, res: Response) => {
      res.json(load());
    });
  app.use(
    '/api/docs',
    swaggerUi.serve,
    swaggerUi.setup(undefined, { swaggerOptions: { url: '/api/v1/openapi.json' } }),
  );
};
