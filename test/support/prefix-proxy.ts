import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterFile } from './cleaning.js';
import { forwarded } from './forwarded.js';

export interface PrefixProxy {
  /** PUBLIC_URL of the service behind it: the proxy's address and the prefix, without a slash at its end. */
  readonly url: string;
  /** The service, which has to know this proxy's address before it starts. */
  aim(target: string): void;
}

/**
 * Has the service below one path of its host, as an operator's proxy that has other programs beside it: any other path
 * is 404.
 * @param prefix without a slash at its end
 * @param how whether the service sees the path without the prefix, or as the client sent it
 */
export const prefixProxy = async (prefix: string, how: 'cut' | 'whole'): Promise<PrefixProxy> => {
  let to = '';
  const server = createServer((req, res) => {
    const { url = '' } = req;
    if (!/^([/?]|$)/.test(url.slice(prefix.length)) || !url.startsWith(prefix)) {
      res.writeHead(404).end('another program');
      return;
    }
    const cut = url.slice(prefix.length).replace(/^(?!\/)/, '/');
    req.pipe(forwarded(req, res, to, {}, how === 'cut' ? cut : url));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  afterFile(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    aim: (target) => {
      to = target;
    },
  };
};
