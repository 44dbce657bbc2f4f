import { Injectable } from '@nestjs/common';
import type { CookieOptions, Request, Response } from 'express';
import { Addresses } from '../../http/addresses.js';
import { Keyring } from '../../secrets/secrets.js';

/** Where a session is to begin. */
export interface Browser {
  readonly agent: string;
  /** The id of the session that it had until now. */
  readonly replaces: string | null;
}

const cookieName = 'lc_session';
const form = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

/** The cookie `lc_session=<id>.<HMAC of it>`: a forged one is found out without asking the database. */
@Injectable()
export class SessionCookie {
  constructor(
    private readonly keyring: Keyring,
    private readonly addresses: Addresses,
  ) {}

  /**
   * The session's id; 'forged' where the cookie is not one that we signed; null where there is none.
   * Two of the name are refused: a neighbouring host can plant one of its own before ours.
   */
  read(req: Request): { readonly id: string } | 'forged' | null {
    const values = (req.headers.cookie ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${cookieName}=`))
      .map((pair) => pair.slice(cookieName.length + 1));
    if (values.length === 0) return null;
    const [, id, signature] = form.exec(values.length === 1 ? (values[0] ?? '') : '') ?? [];
    if (id === undefined || signature === undefined) return 'forged';
    return this.keyring.isSigned('session', id, signature) ? { id } : 'forged';
  }

  browserOf(req: Request): Browser {
    const presented = this.read(req);
    return {
      agent: req.get('user-agent') ?? '',
      replaces: presented === null || presented === 'forged' ? null : presented.id,
    };
  }

  give(res: Response, id: string): void {
    res.cookie(cookieName, `${id}.${this.keyring.sign('session', id)}`, this.options(res.req));
  }

  /** Also asks the browser to forget what else it keeps of us (ASVS 14.3.1). */
  clear(res: Response): void {
    res.clearCookie(cookieName, this.options(res.req));
    res.setHeader('Clear-Site-Data', '"cookies"');
  }

  /**
   * Strict: a link from another site opens a page of the web UI, which needs no cookie; its own calls then carry it.
   * No Max-Age: the browser forgets it when it closes, and the server holds the limits.
   */
  private options(req: Request): CookieOptions {
    return {
      httpOnly: true,
      sameSite: 'strict',
      // Other programs on the same host have no use for it.
      path: `${this.addresses.prefix}/`,
      secure: this.addresses.isSecure(req),
      encode: String,
    };
  }
}
