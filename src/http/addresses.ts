import { Injectable } from '@nestjs/common';
import type { Request, RequestHandler } from 'express';
import { Config } from '../config/config.js';
import { RequestMalformed } from '../errors/errors.js';

/** Name or IPv4 address, or IPv6 address in brackets; with a port or without (RFC 3986, section 3.2.2). */
const hostPattern = /^([A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/;

const isHost = (host: string | undefined): boolean =>
  host !== undefined && hostPattern.test(host) && URL.canParse(`http://${host}`);

/**
 * A proxy in front may cut the path of PUBLIC_URL off, or pass it on: whatever follows sees the same.
 * @param prefix the path, without a slash at its end
 */
export const withoutPrefix =
  (prefix: string): RequestHandler =>
  (req, _res, next) => {
    const rest = req.url.startsWith(prefix) ? req.url.slice(prefix.length) : null;
    if (rest !== null && /^([/?]|$)/.test(rest)) req.url = rest.startsWith('/') ? rest : `/${rest}`;
    next();
  };

/** Whom a passkey is for; see Addresses.relyingParty. */
export interface RelyingParty {
  /** Host name. */
  readonly id: string;
  /** Scheme, host and port of the pages. */
  readonly origins: readonly string[];
}

/** The addresses that are handed out: PUBLIC_URL where given, else what the request was sent to. */
@Injectable()
export class Addresses {
  constructor(private readonly config: Config) {}

  /**
   * Without a slash at its end.
   * @throws RequestMalformed where it would have to be made from a Host that is no host: what is handed out is pasted
   * into a customer's shell
   */
  base(req: Request): string {
    if (this.config.PUBLIC_URL === undefined && !isHost(req.host)) throw new RequestMalformed();
    return (this.config.PUBLIC_URL ?? `${req.protocol}://${req.host}`).replace(/\/+$/, '');
  }

  /**
   * Whom a passkey is for (WebAuthn, section 5.4.2): the host name, and the pages that may ask for it.
   *
   * A passkey belongs to the host name it was made on, for good; the browser offers it nowhere else. Changing
   * PUBLIC_URL to another name (or reaching a service without PUBLIC_URL by another name) leaves all passkeys in the
   * table and makes none of them work there: people prove themselves by code or recovery code and add a new passkey,
   * or an admin resets their second factor. Going back makes the old ones work again. Scheme, port and path may change.
   * There are no passkeys for an IP address, nor without https except on localhost; the browser holds that rule.
   * @throws RequestMalformed
   */
  relyingParty(req: Request): RelyingParty {
    const { hostname, origin } = new URL(this.base(req));
    // Behind a proxy that ends TLS and is not in TRUSTED_PROXIES we see http; browsers do passkeys over https alone.
    const seen = this.config.PUBLIC_URL === undefined ? [origin.replace(/^http:/, 'https:')] : [];
    return { id: hostname, origins: [...new Set([origin, ...seen])] };
  }

  /** The path that PUBLIC_URL has before ours, without a slash at its end: for addresses relative to the host. */
  get prefix(): string {
    const { PUBLIC_URL } = this.config;
    return PUBLIC_URL === undefined ? '' : new URL(PUBLIC_URL).pathname.replace(/\/+$/, '');
  }

  /** Whether PUBLIC_URL says by which scheme people reach the service; else each request does. */
  get isSchemeKnown(): boolean {
    return this.config.PUBLIC_URL !== undefined;
  }

  /** Whether people reach the service by https, so that cookies may say Secure. */
  isSecure(req: Request): boolean {
    return this.config.PUBLIC_URL?.startsWith('https:') ?? req.secure;
  }

  /**
   * Whether a browser sent this request from another site (OWASP CSRF: fetch metadata first, then Origin).
   * Clients other than browsers send neither header. CORS_ORIGINS excuses nobody: those pages upload with a token.
   */
  isCrossSite(req: Request): boolean {
    const origin = req.get('origin');
    const site = req.get('sec-fetch-site');
    if (site !== undefined) return site !== 'same-origin' && site !== 'none';
    if (origin === undefined) return false;
    if (!URL.canParse(origin)) return true;
    // Hosts only: behind a proxy that ends TLS the scheme that we see may be http.
    return new URL(origin).host !== new URL(this.base(req)).host;
  }
}
