import type { Server } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import type { Resources } from './app.module.js';
import { tusVersion } from './uploads/resumable/tus.policy.js';
import { StoreIdentity } from './maintenance/store-identity.service.js';
import { Config } from './config/config.js';
import { openDatabase } from './database/data-source.js';
import { databaseProblem } from './database/errors.js';
import { DatabaseFile } from './database/sqlite/database-file.js';
import { SqliteInstance } from './database/sqlite/sqlite-instance.js';
import { ProblemFilter } from './errors/problem.filter.js';
import { Addresses, withoutPrefix } from './http/addresses.js';
import { routeProblem } from './http/fallbacks.js';
import { closeUnread, endIdle } from './http/closing.js';
import { uploadsFrom } from './http/cross-origin.policy.js';
import { jsonBody } from './http/json-body.js';
import { JsonLogger, accessLog } from './http/log.js';
import { mirror } from './http/mirror/mirror.js';
import { probesOnly } from './http/probes-only.js';
import { requestContext } from './http/request-context.js';
import { inTurn } from './http/in-turn.js';
import { readableName } from './http/sent-name.policy.js';
import { HttpServer, refuseAmbiguous } from './http/server.js';
import { bringsArchive } from './http/upload-routes.policy.js';
import { validationPipe } from './http/validation.js';
import { serveDocs } from './openapi.js';
import { allRoles } from './roles.js';
import type { Roles } from './roles.js';
import { schema } from './schema.js';
import { Keyring } from './secrets/secrets.js';
import { storageProblem } from './storage/errors.js';
import { serveWeb } from './static/web.js';

const apiPrefix = 'api/v1';

/** Time limits for headers and JSON bodies; UPLOAD_IDLE_TIMEOUT where that is shorter. */
const longestHeadersMs = 20_000;
const longestJsonMs = 30_000;
const keepAliveTimeoutMs = 10_000;
/** A client that reads nothing of its answer for this long is cut off; the intake watches uploads itself. */
const leastIdleMs = 120_000;

/** Before the router, which refuses an address that it cannot decode. */
const readNames = (req: Request, _res: Response, next: NextFunction): void => {
  if (req.method === 'PUT' || req.method === 'POST')
    req.url = req.url.replace(
      /^(\/api\/v1\/archives\/)([^/?]+)/,
      (_path, base: string, name: string) => base + readableName(name),
    );
  next();
};

/** Builds the application: for main, the tests and the OpenAPI file alike. It does not listen yet. */
export const createApp = async (
  resources: Resources,
  log: Logger,
  roles: Roles = allRoles,
): Promise<NestExpressApplication> => {
  const { config } = resources;
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.of(resources),
    new HttpServer(),
    { bodyParser: false, logger: new JsonLogger(log), abortOnError: false },
  );
  const problems = new ProblemFilter([databaseProblem, storageProblem, routeProblem(app)]);

  const addresses = app.get(Addresses);
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...config.TRUSTED_PROXIES]);
  app.use(
    inTurn([
      withoutPrefix(addresses.prefix),
      requestContext,
      accessLog(log),
      closeUnread,
      helmet({
        // Everything from this host and nothing inline; the API itself is never rendered.
        contentSecurityPolicy: {
          useDefaults: false,
          directives: {
            defaultSrc: ["'self'"],
            imgSrc: ["'self'", 'data:'],
            objectSrc: ["'none'"],
            baseUri: ["'none'"],
            formAction: ["'self'"],
            frameAncestors: ["'none'"],
          },
        },
        referrerPolicy: { policy: 'no-referrer' },
        xFrameOptions: { action: 'deny' },
        strictTransportSecurity: config.PUBLIC_URL?.startsWith('https:')
          ? // Other hosts of the domain are not ours to bind.
            { maxAge: 31_536_000, includeSubDomains: false }
          : false,
      }),
      (_req, res, next) => {
        res.setHeader('Cache-Control', 'no-store');
        next();
      },
      refuseAmbiguous(),
      ...(roles.http
        ? [
            mirror({
              keyring: app.get(Keyring),
              publicUrl: config.PUBLIC_URL ?? null,
              storeId: () => app.get(StoreIdentity).storeId(),
            }),
            readNames,
          ]
        : [probesOnly]),
    ]),
  );
  // In every answer (tus 1.0.0, "Tus-Resumable"), also in those of the guard.
  app.use(`/${apiPrefix}/uploads`, (_req: Request, res: Response, next: NextFunction) => {
    res.setHeader('Tus-Resumable', tusVersion);
    next();
  });
  if (config.CORS_ORIGINS.length > 0) app.enableCors(uploadsFrom(config.CORS_ORIGINS));
  const idleMs = 1_000 * config.UPLOAD_IDLE_TIMEOUT;
  app.use(jsonBody(bringsArchive, Math.min(longestJsonMs, idleMs)));
  app.setGlobalPrefix(apiPrefix, {
    exclude: ['health/live', 'health/ready', 'metrics', 'upload.sh'],
  });
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(problems);
  if (roles.http) {
    if (config.API_DOCS === 'on') serveDocs(app);
    serveWeb(app);
  }
  await app.init();

  const server: Server = app.getHttpServer();
  // An upload may last for days: the intake watches its pace instead.
  server.requestTimeout = 0;
  server.headersTimeout = Math.min(longestHeadersMs, idleMs);
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.setTimeout(Math.max(leastIdleMs, 2 * idleMs), endIdle);
  return app;
};

/** The application without a database or store of its own, for the OpenAPI document alone. */
export const createDocumentedApp = async (log: Logger): Promise<NestExpressApplication> => {
  const config = Object.assign(new Config(), { API_DOCS: 'off' });
  const dataSource = await openDatabase({ kind: 'sqlite', path: ':memory:' }, schema, 1);
  return createApp(
    {
      config,
      secretKey: 'for the document',
      dataSource,
      instance: new SqliteInstance(':memory:', new DatabaseFile(':memory:')),
    },
    log,
  );
};
