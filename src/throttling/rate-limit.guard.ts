import { Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, minutes } from '@nestjs/throttler';
import type { ThrottlerModuleOptions, ThrottlerStorage } from '@nestjs/throttler';
import type { Request } from 'express';
import { Config } from '../config/config.js';
import { RateLimited } from '../errors/errors.js';
import { addressGroup } from '../http/address-group.js';
import { isBulk, isUnlimited } from '../http/route-marks.js';

export const rateLimits = (
  { API_RATE }: Config,
  storage: ThrottlerStorage,
): ThrottlerModuleOptions => ({
  storage,
  throttlers: [
    {
      name: 'api',
      limit: API_RATE,
      ttl: minutes(1),
      skipIf: (context) => isUnlimited(context) || isBulk(context),
      // One budget for all routes together.
      generateKey: (_context, tracker) => `api:${tracker}`,
    },
  ],
  setHeaders: false,
});

@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override getTracker(req: Request): Promise<string> {
    return Promise.resolve(addressGroup(req.ip ?? ''));
  }

  protected override throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire }: { timeToBlockExpire: number },
  ): Promise<void> {
    throw new RateLimited(Math.max(1, timeToBlockExpire));
  }
}
