import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { fail, ok, warn } from '../finding.js';
import type { Finding } from '../finding.js';

/** What a server presented. */
export interface Certificate {
  /** Why a client refuses it; null where it does not. */
  readonly refusal: string | null;
  readonly validTo: Date;
}

/** A renewal that failed is noticed before customers are. */
const soonDays = 14;
const dayMs = 24 * 60 * 60 * 1000;
const connectMs = 10_000;

/** @returns null where there is no TLS to be had; what is wrong then the first request says */
export const certificateOf = (url: URL): Promise<Certificate | null> =>
  new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(url.port || 443),
      // A name alone may stand there (RFC 6066, section 3).
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: false,
      timeout: connectMs,
    });
    const end = (certificate: Certificate | null): void => {
      socket.destroy();
      resolve(certificate);
    };
    socket.once('secureConnect', () => {
      const { valid_to: validTo } = socket.getPeerCertificate();
      const refusal = socket.authorized ? null : String(socket.authorizationError);
      end({ refusal, validTo: new Date(validTo) });
    });
    socket.once('timeout', () => end(null));
    socket.once('error', () => end(null));
  });

export const judgeCertificate = ({ refusal, validTo }: Certificate, now: Date): Finding => {
  const days = Math.floor((validTo.getTime() - now.getTime()) / dayMs);
  if (refusal !== null)
    return fail(
      'tls',
      `clients refuse the certificate (${refusal}), valid to ${validTo.toISOString()}.`,
      'a certificate of an authority that customers trust, for the name in PUBLIC_URL, with its whole chain; for one of your own, name it in NODE_EXTRA_CA_CERTS here.',
    );
  if (days < soonDays)
    return warn(
      'tls',
      `the certificate ends in ${days} days.`,
      'renew it, and see why that did not happen automatically.',
    );
  return ok('tls', `the certificate is trusted, ${days} days left.`);
};

const isLocal = ({ hostname }: URL): boolean => /^(localhost|127\..*|\[::1\])$/.test(hostname);

export const judgeScheme = (base: URL): Finding => {
  if (base.protocol === 'https:') return ok('scheme', 'https.');
  if (isLocal(base)) return ok('scheme', 'http, to this machine alone.');
  return warn(
    'scheme',
    'PUBLIC_URL says http: tokens, passwords and archives can be read on the way, and there are no passkeys.',
    'let the proxy end TLS, and set PUBLIC_URL to the https address.',
  );
};
