import { SetMetadata, applyDecorators, createParamDecorator } from '@nestjs/common';
import type { CustomDecorator, ExecutionContext } from '@nestjs/common';
import {
  ApiBasicAuth,
  ApiBearerAuth,
  ApiCookieAuth,
  ApiExtension,
  ApiSecurity,
} from '@nestjs/swagger';
import type { Request } from 'express';

/** What an API key may be allowed to do. Never an archive's content, never users or keys. */
export const scopes = [
  'platforms:read',
  'platforms:write',
  'tickets:read',
  'tickets:write',
  'archives:read',
  'archives:delete',
  'storage:read',
] as const;
export type Scope = (typeof scopes)[number];

/** What an admin may do that an engineer may not is allowed to 'admin' alone. */
export type Role = 'engineer' | 'admin';

/**
 * Who may call a route:
 * a scope: a person at AAL2, or an API key that has it;
 * 'engineer', 'admin': a person at AAL2 with that role;
 * 'any-session': a person at AAL1 too (own session, enrolling or proving a second factor);
 * 'upload-token': a customer; 'upload-token-or-form': the token may also be a field of the form;
 * 'metrics': whoever has METRICS_TOKEN.
 */
export type Right =
  Scope | Role | 'any-session' | 'upload-token' | 'upload-token-or-form' | 'metrics';

export type Access =
  { readonly kind: 'public' } | { readonly kind: 'right'; readonly right: Right };

export const accessKey = 'logs-collector:access';

/** States who may call this route. A route with neither @Allow nor @Public answers 403. */
export const Allow = (right: Right): MethodDecorator & ClassDecorator => {
  const documented =
    right === 'upload-token' || right === 'upload-token-or-form'
      ? [ApiSecurity('uploadToken'), ApiBearerAuth('bearer'), ApiBasicAuth('basic')]
      : right === 'metrics'
        ? [ApiBearerAuth('bearer')]
        : right === 'engineer' || right === 'admin' || right === 'any-session'
          ? [ApiCookieAuth('session')]
          : [ApiCookieAuth('session'), ApiBearerAuth('bearer')];
  const set = SetMetadata(accessKey, { kind: 'right', right } satisfies Access);
  return applyDecorators(set, ApiExtension('x-right', right), ...documented);
};

/** Anybody may call this route. */
export const Public = (): CustomDecorator =>
  SetMetadata(accessKey, { kind: 'public' } satisfies Access);

export const unattendedKey = 'logs-collector:unattended';

/** Marks a route that an open page asks by itself: no sign of life of the person, whose idle session goes on ageing. */
export const Unattended = (): CustomDecorator => SetMetadata(unattendedKey, true);

/** How a person can prove more than the password. */
export type Method = 'totp' | 'passkey' | 'recovery';

export interface Person {
  readonly kind: 'person';
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
  /** NIST SP 800-63B authenticator assurance level of the session. */
  readonly aal: 1 | 2;
  /** SHA-256 of the session's id: names its row. */
  readonly session: string;
  /** Whether this person has a second factor to prove; without one it must be enrolled. */
  readonly hasSecondFactor: boolean;
  /** By what; empty where there is no second factor yet. */
  readonly methods: readonly Method[];
}

export interface Integration {
  readonly kind: 'integration';
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export interface Customer {
  readonly kind: 'customer';
  readonly tokenId: string;
}

/** Prometheus, or whatever else asks for the figures. */
export interface Monitor {
  readonly kind: 'monitor';
}

/** Nobody yet: a public route, or a form whose token field is still to come. */
export interface Stranger {
  readonly kind: 'stranger';
}

export type CallerOf = Person | Integration | Customer | Monitor | Stranger;

/** Where the guard leaves the caller for @Caller. */
export interface AuthenticatedRequest extends Request {
  caller?: CallerOf;
  /** Of a route marked @Unattended. */
  isUnattended?: boolean;
}

/** The caller, as the guard proved it. */
export const Caller = createParamDecorator(
  (_data: unknown, context: ExecutionContext): CallerOf => {
    const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    return caller ?? { kind: 'stranger' };
  },
);
