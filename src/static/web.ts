import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { builtPages, codings } from './built-pages.js';
import type { BuiltFile, BuiltPages } from './built-pages.js';
import { MethodNotAllowed } from '../errors/errors.js';
import { Addresses } from '../http/addresses.js';
import { inTurn } from '../http/in-turn.js';
import { plainAnswers } from './plain-answers.js';
import { pagePolicy, placeOf } from './web.policy.js';

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Logs Collector: the pages are not built</title>
<h1>The pages are not built</h1>
<p>The API works. Run <code>npm run build</code>, then start the service again.</p>
</html>
`;

const methods = ['GET', 'HEAD'];

const send = (req: Request, res: Response, { type, plain, coded }: BuiltFile): void => {
  res.vary('Accept-Encoding');
  // The smaller one first: browsers name both and prefer neither.
  const coding = codings.find((one) => coded[one] && req.acceptsEncodings(one) === one);
  const body = coding ? coded[coding] : undefined;
  if (coding) res.setHeader('Content-Encoding', coding);
  res.setHeader('Content-Type', type);
  // `end`, not `send`: a HEAD tells the length and has no body all the same.
  res.setHeader('Content-Length', (body ?? plain).length);
  res.end(req.method === 'HEAD' ? undefined : (body ?? plain));
};

/** Answers GET and HEAD of pages and assets, refuses their other methods, and passes on everything else. */
export const webPages =
  (pages: BuiltPages): RequestHandler =>
  (req: Request, res: Response, next: NextFunction): void => {
    const place = placeOf(req.path, req.get('accept') ?? '');
    if (place.kind === 'other') return next();
    const file = pages.get(place.file);
    if (place.kind === 'asset' && file === undefined) return next();
    if (!methods.includes(req.method)) return next(new MethodNotAllowed(methods));
    if (place.kind === 'asset' && file !== undefined) {
      // Its name holds a hash of what is in it (RFC 8246).
      res.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
      return send(req, res, file);
    }
    res.setHeader('Content-Security-Policy', pagePolicy);
    res.setHeader('Cache-Control', 'no-store');
    if (file !== undefined) return send(req, res, file);
    res.status(503);
    send(req, res, { type: 'text/html; charset=utf-8', plain: Buffer.from(notBuilt), coded: {} });
  };

/** Serves the web UI beside the API, as middleware: it needs no guard, since its files hold no secret. */
export const serveWeb = (app: NestExpressApplication): void => {
  const { prefix } = app.get(Addresses);
  const pages = builtPages(prefix);
  app.use(inTurn([plainAnswers(pages, prefix), webPages(pages)]));
};
