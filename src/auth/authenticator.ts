import { Injectable, Module } from '@nestjs/common';
import type { Request } from 'express';
import passport from 'passport';

/**
 * The strategies of one application, by name.
 * Trap: passport's default instance belongs to the process, and with it a second application, or a restart in a
 * test, would judge requests by the strategies, and so the database, of another one. Hence one instance each, and no
 * AuthGuard of @nestjs/passport, which knows the default instance only.
 */
@Injectable()
export class Authenticator {
  readonly passport = new passport.Passport();

  /**
   * What the strategy of this name made of the request; null where it found no credential of its own.
   * @throws DomainError of a strategy whose credential is wrong
   */
  prove<Proved>(req: Request, strategy: string): Promise<Proved | null> {
    return new Promise((resolve, reject) => {
      const handle = this.passport.authenticate(
        strategy,
        { session: false },
        (cause: unknown, proved: unknown) => {
          if (cause)
            reject(cause instanceof Error ? cause : new Error('strategy failed', { cause }));
          else resolve((proved || null) as Proved | null);
        },
      ) as (req: Request, res: unknown, next: (cause?: unknown) => void) => void;
      // Called with a cause where a strategy of that name was not registered.
      handle(req, req.res, (cause) => reject(new Error('no such strategy', { cause })));
    });
  }
}

@Module({ providers: [Authenticator], exports: [Authenticator] })
export class AuthenticatorModule {}
