import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import type { Options } from '@node-rs/argon2';
import { ValidationFailed } from '../../errors/errors.js';
import { newSessionId } from '../../secrets/secrets.js';
import { commonPasswords } from './common-passwords.js';
import { passwordProblem } from './password.policy.js';

/** Argon2id (the library's default kind), twice the passes of OWASP's second recommended set; memory in KiB. */
const forPasswords: Options = { memoryCost: 19_456, timeCost: 4, parallelism: 1 };

/**
 * Hashes that may be computed at once. Trap: they run on the four threads of libuv that also read and write the
 * archives, so a crowd that signs in would stop every upload.
 */
const atOnce = 2;

/** Hashes and compares passwords. They are taken whole and as received: no trimming, no normal form. */
@Injectable()
export class Passwords {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** Nobody's password. */
  private readonly dummy: Promise<string> = this.hash(newSessionId());

  /** @throws ValidationFailed naming `field`, with what to do */
  async check(password: string, username: string, field: string): Promise<void> {
    const message = passwordProblem(password, username, await commonPasswords());
    if (message !== null) throw new ValidationFailed([{ field, message: `${field} ${message}` }]);
  }

  /** Argon2id in PHC form. */
  hash(password: string, options: Options = forPasswords): Promise<string> {
    return this.inTurn(() => hash(password, options));
  }

  /** @param stored null where there is no account: it takes as long as a wrong password, and is false */
  async isRight(stored: string | null, password: string): Promise<boolean> {
    const phc = stored ?? (await this.dummy);
    return (await this.inTurn(() => verify(phc, password))) && stored !== null;
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.running >= atOnce) await new Promise<void>((go) => this.waiting.push(go));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next in line, or is free.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
