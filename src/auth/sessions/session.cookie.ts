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

const valuesOf = (req: Request, name: string): readonly string[] =>
  (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));

/**
 * The cookie `lc_session=<id>.<HMAC of it>`: a forged one is found out without asking the database.
 * Over https its name has the prefix `__Host-`, which browsers take from this very host alone (RFC 6265bis, section
 * 4.1.3). That asks for the path `/`; where PUBLIC_URL has a path of its own, other programs on the host would be sent
 * the cookie then, so it keeps our path there and has the prefix `__Secure-`.
 */
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
    const name = this.nameFor(req);
    const prefixed = valuesOf(req, name);
    // Without PUBLIC_URL a session may have begun over http: nothing says by which way people reach us.
    const mayBePlain = prefixed.length === 0 && !this.addresses.isSchemeKnown;
    const values = mayBePlain ? valuesOf(req, cookieName) : prefixed;
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
    res.cookie(
      this.nameFor(res.req),
      `${id}.${this.keyring.sign('session', id)}`,
      this.options(res.req),
    );
  }

  /** Also asks the browser to forget what else it keeps of us (ASVS 14.3.1). */
  clear(res: Response): void {
    res.clearCookie(this.nameFor(res.req), this.options(res.req));
    res.setHeader('Clear-Site-Data', '"cookies"');
  }

  private nameFor(req: Request): string {
    if (!this.addresses.isSecure(req)) return cookieName;
    return `${this.addresses.prefix === '' ? '__Host-' : '__Secure-'}${cookieName}`;
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
