import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { BuiltPages } from './built-pages.js';
import { plainPage } from './plain-page.js';
import type { FormAnswer } from './plain-page.js';
import { languages } from './plain-words.js';
import type { Language } from './plain-words.js';
import { pagePolicy } from './web.policy.js';

/** A form that a browser sends by itself asks for HTML before all; curl and programs take anything, or JSON. */
const isPlainForm = (req: Request): boolean =>
  req.method === 'POST' &&
  /^\/api\/v1\/archives\/?$/.test(req.path) &&
  req.accepts(['application/json', 'text/html']) === 'text/html';

/** Icon and stylesheets of the upload page, as it has them: their names hold hashes. */
const linksOf = (pages: BuiltPages): string =>
  (
    pages
      .get('upload.html')
      ?.plain.toString()
      .match(/<link rel="(?:icon|stylesheet)"[^>]*>/g) ?? []
  ).join('\n    ');

/**
 * Shows the API's answers to a plain form as pages.
 * Why here and not where they are given: what a page is like is the web UI's matter, a client of the API whose work is
 * done in the service where the browser runs no script. So the form's route and the problem filter say what they say to
 * everybody, the status is the one they chose, and one place renders: from their JSON, above them all.
 * @param prefix the path that PUBLIC_URL has, without a slash at its end
 */
export const plainAnswers = (pages: BuiltPages, prefix: string): RequestHandler => {
  const links = linksOf(pages);
  return (req: Request, res: Response, next: NextFunction): void => {
    if (!isPlainForm(req)) return next();
    const send = res.send.bind(res);
    // Whatever Express sends as JSON ends here, as text.
    res.send = (body: unknown): Response => {
      if (typeof body !== 'string') return send(body);
      res.send = send;
      const answer = JSON.parse(body) as FormAnswer;
      const language = req.acceptsLanguages([...languages]) || 'en';
      const wait = Number(res.getHeader('Retry-After') ?? Number.NaN);
      const retryAfter = Number.isFinite(wait) ? wait : null;
      // At a challenge for Basic the browser would ask for a password, before it shows anything.
      if (res.statusCode === 401) res.setHeader('WWW-Authenticate', 'Bearer realm="upload token"');
      res.setHeader('Content-Security-Policy', pagePolicy);
      res.setHeader('Content-Language', language);
      res.setHeader('Cache-Control', 'no-store');
      return res
        .type('html')
        .send(plainPage(answer, language as Language, { prefix, links, retryAfter }));
    };
    next();
  };
};
