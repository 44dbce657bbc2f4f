import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Config } from '../config/config.js';

/** The addresses that are handed out: PUBLIC_URL where given, else what the request was sent to. */
@Injectable()
export class Addresses {
  constructor(private readonly config: Config) {}

  /** Without a slash at its end. */
  base(req: Request): string {
    return (this.config.PUBLIC_URL ?? `${req.protocol}://${req.host}`).replace(/\/+$/, '');
  }

  /** Whether people reach the service by https, so that cookies may say Secure. */
  isSecure(req: Request): boolean {
    return this.config.PUBLIC_URL?.startsWith('https:') ?? req.secure;
  }

  /**
   * Whether a browser sent this request from another site (OWASP CSRF: fetch metadata first, then Origin).
   * Clients other than browsers send neither header.
   */
  isCrossSite(req: Request): boolean {
    const origin = req.get('origin');
    if (origin !== undefined && this.config.CORS_ORIGINS.includes(origin)) return false;
    const site = req.get('sec-fetch-site');
    if (site !== undefined) return site !== 'same-origin' && site !== 'none';
    if (origin === undefined) return false;
    if (!URL.canParse(origin)) return true;
    // Hosts only: behind a proxy that ends TLS the scheme that we see may be http.
    const own = this.base(req);
    // A Host that is no host cannot be the one that the page came from.
    return !URL.canParse(own) || new URL(origin).host !== new URL(own).host;
  }
}
