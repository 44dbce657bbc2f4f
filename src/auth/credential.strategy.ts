import type { Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport';
import type { CallerOf } from '../http/allow.js';
import type { Authenticator } from './authenticator.js';

type Verify = (req: Request, done: (cause: unknown, caller: unknown) => void) => void;

/** Judges the request as a whole: a credential may stand in more than one place. */
class RequestStrategy extends Strategy {
  constructor(
    readonly authenticator: Authenticator,
    private readonly verify: Verify,
  ) {
    super();
  }

  override authenticate(req: Request): void {
    this.verify(req, (cause, caller) => {
      if (cause) this.error(cause);
      else if (caller) this.success(caller);
      else this.fail(401);
    });
  }
}

/** One way to prove who is calling. */
export interface CredentialStrategy {
  /**
   * @returns the caller, or null where the request carries no credential of this kind, so that another may be tried
   * @throws DomainError where it carries one and it is wrong; a 401 is counted for the address by the guard
   */
  validate(req: Request): Promise<CallerOf | null> | CallerOf | null;
}

/**
 * Base class of a strategy by which the guard proves callers:
 *
 *     @Injectable()
 *     export class UploadTokenStrategy extends credentialStrategy('upload-token') implements CredentialStrategy {
 *       constructor(authenticator: Authenticator, private readonly tokens: UploadTokensService) {
 *         super(authenticator);
 *       }
 *       async validate(req: Request): Promise<Customer | null> { … }
 *     }
 *
 * Its module imports AuthenticatorModule and lists it as a provider; making the instance registers it under `name`.
 * The guard decides by the route's right which names are tried (access.guard.ts).
 */
export const credentialStrategy = (name: string) => {
  abstract class NamedStrategy extends PassportStrategy(RequestStrategy, name) {
    /** Where the mixin registers the strategy; by default that would be the process's own instance. */
    protected getPassportInstance(): unknown {
      return this.authenticator.passport;
    }
  }
  return NamedStrategy as unknown as StrategyBase;
};

/** The mixin's constructor, without the callback that the mixin adds itself. */
type StrategyBase = abstract new (
  authenticator: Authenticator,
) => InstanceType<Type<RequestStrategy>>;
