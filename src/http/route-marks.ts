import { SetMetadata } from '@nestjs/common';
import type { CustomDecorator, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

const guessableKey = 'logs-collector:guessable';
const unlimitedKey = 'logs-collector:unlimited';
const bulkKey = 'logs-collector:bulk';

/** Sending this much in each request takes bandwidth, and that limits the client. */
const bulkBytes = 64 * 1024;

/** Marks a route that takes a password or a code: LOGIN_RATE applies, for each address and route. */
export const Guessable = (): CustomDecorator => SetMetadata(guessableKey, true);

/** Marks a route that an orchestrator calls as often as it likes. */
export const Unlimited = (): CustomDecorator => SetMetadata(unlimitedKey, true);

/** Marks a route that takes a file in many requests: those that announce at least 64 KiB do not count to API_RATE. */
export const Bulk = (): CustomDecorator => SetMetadata(bulkKey, true);

const has = (key: string, context: ExecutionContext): boolean =>
  Reflect.getMetadata(key, context.getHandler()) === true ||
  Reflect.getMetadata(key, context.getClass()) === true;

export const isGuessable = (context: ExecutionContext): boolean => has(guessableKey, context);

export const isUnlimited = (context: ExecutionContext): boolean => has(unlimitedKey, context);

export const isBulk = (context: ExecutionContext): boolean =>
  has(bulkKey, context) &&
  Number(context.switchToHttp().getRequest<Request>().get('content-length')) >= bulkBytes;
