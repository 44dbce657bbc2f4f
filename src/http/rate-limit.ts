import { Injectable, SetMetadata } from '@nestjs/common';
import type { CustomDecorator, ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, minutes } from '@nestjs/throttler';
import type { ThrottlerModuleOptions, ThrottlerStorage } from '@nestjs/throttler';
import type { Request } from 'express';
import { Config } from '../config/config.js';
import { RateLimited } from '../errors/errors.js';

const guessableKey = 'logs-collector:guessable';
const unlimitedKey = 'logs-collector:unlimited';

/** Marks a route that takes a password or a code: LOGIN_RATE holds there, for each address and route. */
export const Guessable = (): CustomDecorator => SetMetadata(guessableKey, true);

export const isGuessable = (context: ExecutionContext): boolean => has(guessableKey, context);

/** Marks a route that an orchestrator calls as often as it likes. */
export const Unlimited = (): CustomDecorator => SetMetadata(unlimitedKey, true);

const bulkKey = 'logs-collector:bulk';
/** Who brings so much in a request needs a line for it: that limits him. */
const bulkBytes = 64 * 1024;

/** Marks a route that takes a file in many requests: those that announce at least 64 KiB do not count to API_RATE. */
export const Bulk = (): CustomDecorator => SetMetadata(bulkKey, true);

const isBulk = (context: ExecutionContext): boolean =>
  has(bulkKey, context) &&
  Number(context.switchToHttp().getRequest<Request>().get('content-length')) >= bulkBytes;

const has = (key: string, context: ExecutionContext): boolean =>
  Reflect.getMetadata(key, context.getHandler()) === true ||
  Reflect.getMetadata(key, context.getClass()) === true;

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
      skipIf: (context) => has(unlimitedKey, context) || isBulk(context),
      // One budget for all routes together.
      generateKey: (_context, tracker) => `api:${tracker}`,
    },
  ],
  setHeaders: false,
});

/** The first 64 bits of an IPv6 address are one customer's; an IPv4 address stands for itself. */
export const addressGroup = (address: string): string => {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (v4?.[1]) return v4[1];
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  if (tail !== undefined) while (groups.length < 4) groups.push('0');
  return groups.slice(0, 4).join(':');
};

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
