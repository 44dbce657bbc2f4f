import type {
  CorsOptions,
  CorsOptionsDelegate,
} from '@nestjs/common/interfaces/external/cors-options.interface.js';
import type { Request } from 'express';
import { uploadMethodsAt } from './upload-routes.policy.js';

/** Headers of an answer that such a page may read. */
const exposedHeaders = [
  'Archive-Id',
  'Location',
  'Repr-Digest',
  'Retry-After',
  'Tus-Checksum-Algorithm',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Resumable',
  'Tus-Version',
  'Upload-Defer-Length',
  'Upload-Expires',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Offset',
  'X-Request-Id',
];

/**
 * Lets pages of these origins upload with a token. Cookies are never allowed: no other route is covered, and no session
 * acts for such a page.
 * @param origins CORS_ORIGINS
 */
export const uploadsFrom =
  (origins: readonly string[]): CorsOptionsDelegate<Request> =>
  (req, done) => {
    const wanted = req.headers['access-control-request-method'];
    const isPreflight = req.method === 'OPTIONS' && wanted !== undefined;
    const methods = uploadMethodsAt(req.path);
    const isCovered = methods.includes(isPreflight ? wanted : req.method);
    const options: CorsOptions = {
      origin: isCovered ? [...origins] : false,
      methods: [...methods],
      credentials: false,
      maxAge: 600,
      exposedHeaders: [...exposedHeaders],
      // An OPTIONS that is no preflight asks the route itself, as tus clients do.
      preflightContinue: !isPreflight,
    };
    done(null, options);
  };
