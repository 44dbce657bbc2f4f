import { request } from 'node:http';
import type {
  ClientRequest,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';

/** Of one connection alone (RFC 9110, section 7.6.1); what frames the body is written anew. */
const hopByHop = ['connection', 'keep-alive', 'te', 'trailer', 'upgrade'];

const withoutHops = (headers: IncomingMessage['headers']): IncomingMessage['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));

/**
 * A proxy's request to the service, to which the client's body is to be piped; the answer goes back by itself. HTTP/1.1,
 * nothing buffered, `Host` passed on.
 * @param headers what the proxy says of the client
 * @param path where it is not the client's own
 */
export const forwarded = (
  req: IncomingMessage,
  res: ServerResponse,
  target: string,
  headers: OutgoingHttpHeaders = {},
  path = req.url,
): ClientRequest => {
  const { hostname, port } = new URL(target);
  const onward = request({
    hostname,
    port,
    method: req.method,
    path,
    agent: false,
    headers: { ...withoutHops(req.headers), ...headers },
  });
  onward.on('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, withoutHops(answer.headers));
    answer.pipe(res);
  });
  // It may close on a body that it does not want, after its answer.
  onward.on('error', () => res.headersSent || res.writeHead(502).end());
  res.once('close', () => onward.destroy());
  return onward;
};
