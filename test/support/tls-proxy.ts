import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterFile } from './cleaning.js';
import { forwarded } from './forwarded.js';
import { tempFolder } from './temp-folder.js';
import { tool } from './tool.js';

export interface TlsProxy {
  /** https, without a slash at its end. */
  readonly url: string;
  /** File with the certificate that a client has to trust. */
  readonly certificate: string;
}

/** A certificate for this machine, which signs itself and is good for a day. @returns the files, PEM */
export const selfSigned = async (): Promise<{
  readonly key: string;
  readonly certificate: string;
}> => {
  const folder = tempFolder();
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = await tool('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', key, '-out', certificate, '-days', '1', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  ]);
  if (made.code !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
  return { key, certificate };
};

/**
 * Ends TLS in front of a service on this machine, as an operator's proxy does: HTTP/1.1, nothing buffered, `Host`
 * passed on, `X-Forwarded-For` and `X-Forwarded-Proto` set. The service has to trust it: TRUSTED_PROXIES=127.0.0.1/32.
 */
export const tlsProxy = async (target: string): Promise<TlsProxy> => {
  const { key, certificate } = await selfSigned();
  const forward = (req: IncomingMessage, res: ServerResponse): ClientRequest =>
    forwarded(req, res, target, {
      'x-forwarded-for': req.socket.remoteAddress,
      'x-forwarded-proto': 'https',
    });

  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) });
  server.on('request', (req, res) => req.pipe(forward(req, res)));
  // The service alone decides whether the body may come.
  server.on('checkContinue', (req, res) => {
    const onward = forward(req, res);
    onward.once('continue', () => {
      res.writeContinue();
      req.pipe(onward);
    });
    onward.flushHeaders();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  afterFile(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, certificate };
};
