import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { RequestMalformed } from '../errors/errors.js';
import { answerClientError, answerConnect } from './fallbacks.js';
import { ambiguityOf } from './framing.policy.js';
import { expectContinue } from './json-body.js';

/** Refuses a request that two readers may understand in two ways, and closes its connection. */
export const refuseAmbiguous =
  (): RequestHandler => (req: Request, res: Response, next: NextFunction) => {
    const ambiguity = ambiguityOf(req);
    if (ambiguity === null) return next();
    res.setHeader('Connection', 'close');
    next(new RequestMalformed(ambiguity));
  };

/** How often Node looks for connections whose headers take too long; by itself it would leave them half a minute more. */
const lookEveryMs = 1_000;

/** Node answers a few requests by itself, with a bare status; here each of them gets an answer in our form. */
export class HttpServer extends ExpressAdapter {
  constructor() {
    const app = express();
    // `/API/v1/users` must not pass a proxy's rule for `/api/v1/users`. Trap: the router reads this once, when the
    // adapter's own constructor first uses it.
    app.set('case sensitive routing', true);
    super(app);
  }

  override initHttpServer(): void {
    // A missing Host is refused by refuseAmbiguous.
    const server = createServer(
      { requireHostHeader: false, connectionsCheckingInterval: lookEveryMs },
      this.getInstance<RequestListener>(),
    );
    // Trap: beyond a limit Node 22 drops headers without a word, also a second one of those that may come once, and Node 24
    // answers 431. Their length is limited anyway, and refuseAmbiguous counts them.
    server.maxHeadersCount = 0;
    server.on('clientError', answerClientError);
    server.on('connect', answerConnect);
    listenToExpectations(server);
    this.setHttpServer(server);
  }
}

const listenToExpectations = (server: Server): void => {
  // Without this listener Node would ask for the body of an upload that is going to be refused.
  server.on('checkContinue', (req: Request, res: Response) => {
    expectContinue(req);
    server.emit('request', req, res);
  });
  // RFC 9110, section 10.1.1: what is expected besides that may be passed over.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
};
