import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { DomainError } from '../errors/domain-error.js';
import { Addresses } from '../http/addresses.js';
import { accessKey, unattendedKey } from '../http/allow.js';
import type { Access, AuthenticatedRequest, CallerOf, Right } from '../http/allow.js';
import { isGuessable } from '../http/route-marks.js';
import {
  CredentialsMissing,
  CrossSiteRequest,
  RoleInsufficient,
  ScopeInsufficient,
  SecondFactorEnrolmentRequired,
  SecondFactorRequired,
  SessionRequired,
} from './access.errors.js';
import { isUploadRight, judge } from './access.policy.js';
import type { Refusal } from './access.policy.js';
import { Authenticator } from './authenticator.js';
import { SourcesService } from '../throttling/sources.service.js';

const refused: Record<Refusal, new () => DomainError> = {
  'credentials-missing': CredentialsMissing,
  'session-required': SessionRequired,
  'scope-insufficient': ScopeInsufficient,
  'role-insufficient': RoleInsufficient,
  'second-factor-required': SecondFactorRequired,
  'second-factor-enrolment-required': SecondFactorEnrolmentRequired,
};

const stranger: CallerOf = { kind: 'stranger' };

/** RFC 9110, section 9.2.1. */
const isSafe = ({ method }: Request): boolean => /^(GET|HEAD|OPTIONS)$/.test(method);

const carries = (req: Request, field: 'authorization' | 'upload-token'): boolean =>
  req.headers[field] !== undefined;

/** A page without scripts sends the token in its form, after this guard. */
const isForm = (req: Request): boolean =>
  /^multipart\/form-data\b/i.test(req.get('content-type') ?? '') &&
  !carries(req, 'authorization') &&
  !carries(req, 'upload-token');

const nameOf = (context: ExecutionContext): string =>
  `${context.getClass().name}.${context.getHandler().name}`;

/** Judges every request by the route's @Allow or @Public; a route with neither answers 403. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly addresses: Addresses,
    private readonly sources: SourcesService,
  ) {}

  /** @throws DomainError: credentials-missing and the other codes of 401 and 403; RateLimited */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const req = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (isGuessable(context)) this.sources.takeTry(nameOf(context), req.ip ?? '');
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!access) throw new RoleInsufficient();
    if (access.kind === 'public') {
      // Signing in and out is worth forging too: a victim would work in the attacker's account.
      this.refuseCrossSite(req);
      req.caller = stranger;
      return true;
    }
    req.isUnattended = this.reflector.get(unattendedKey, context.getHandler()) === true;
    const caller = await this.callerOf(req, access.right);
    const refusal = judge(access.right, caller);
    if (refusal) throw new refused[refusal]();
    req.caller = caller;
    return true;
  }

  /** Before anything is read from the request's body or the database. */
  private refuseCrossSite(req: Request): void {
    if (!isSafe(req) && this.addresses.isCrossSite(req)) throw new CrossSiteRequest();
  }

  private async callerOf(req: Request, right: Right): Promise<CallerOf> {
    if (right === 'upload-token-or-form' && isForm(req)) return stranger;
    if (isUploadRight(right)) return this.prove(req, 'upload-token');
    if (right === 'metrics') return this.prove(req, 'metrics-token');
    // Authorization of any kind is judged and the cookie ignored: so a key never meets the cross-site check, and no
    // request can have the rights of two callers.
    if (carries(req, 'authorization')) return this.prove(req, 'api-key');
    this.refuseCrossSite(req);
    const caller = await this.prove(req, 'session');
    if (caller.kind === 'stranger' && carries(req, 'upload-token')) throw new SessionRequired();
    return caller;
  }

  private prove(req: Request, strategy: string): Promise<CallerOf> {
    return this.sources.prove(
      req.ip ?? '',
      async () => (await this.authenticator.prove<CallerOf>(req, strategy)) ?? stranger,
    );
  }
}
