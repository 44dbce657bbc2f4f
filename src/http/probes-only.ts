import type { NextFunction, Request, Response } from 'express';
import { NotFound } from '../errors/errors.js';

const probes = /^\/(health\/(live|ready)|metrics)\/?$/;

/** Of a process that only works: what is neither a probe nor the figures is not there. */
export const probesOnly = (req: Request, _res: Response, next: NextFunction): void =>
  probes.test(req.path) ? next() : next(new NotFound('address'));
