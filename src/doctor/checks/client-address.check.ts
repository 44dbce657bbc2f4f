import { atProxy, fail, ok, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import { plainAddress } from '../../http/request-context.js';
import type { Hop, Seen } from '../../http/mirror/mirror.protocol.js';
import type { Answered } from '../probe.js';

type Place = Answered['own'];
type Sight = Pick<Seen, 'address' | 'peer' | 'chain' | 'isProxied'>;

/** For documentation alone (RFC 5737): nobody's address, and so nobody's proxy. */
export const forgedAddress = '192.0.2.77';

const forwardedFor = atProxy('proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;');

/** Whether the service has our very connection. */
const isDirect = ({ peer }: Pick<Seen, 'peer'>, own: Place): boolean =>
  peer.port === own.port && peer.address === plainAddress(own.address);

/** Whom the service takes for the client. */
export const judgeAddress = (seen: Sight, own: Place): Finding => {
  const name = 'client-address';
  if (isDirect(seen, own)) return ok(name, 'nothing is between: the service sees clients itself.');
  const { chain, peer, address } = seen;
  const all = 'All clients count as one: for limits, in the audit, and for who tries passwords.';
  if (chain.length === 0)
    return seen.isProxied
      ? fail(
          name,
          `the proxy (${peer.address}) does not say who the client is. ${all}`,
          `${peer.isTrusted ? '' : `TRUSTED_PROXIES=${peer.address}; and `}${forwardedFor}`,
        )
      : warn(
          name,
          `this connection arrives from ${peer.address}, and no proxy says for whom.`,
          'nothing, where only the way from here goes through a NAT; else let the balancer pass addresses on.',
        );
  if (!peer.isTrusted)
    return fail(
      name,
      `the proxy (${peer.address}) says who the client is and is not believed. ${all}`,
      `TRUSTED_PROXIES=${peer.address}, or the network that the proxy is in; nothing that clients come from.`,
    );
  const [first] = chain;
  if (chain.length > 1 && first && address !== first.address)
    return warn(
      name,
      `through ${chain.length} hops the service takes ${address} for the client.`,
      `if that is a proxy of yours, TRUSTED_PROXIES must name it besides ${peer.address}.`,
    );
  return ok(name, `the service sees ${address}, as ${peer.address} says.`);
};

/** Whether a client is believed that sends an X-Forwarded-For of its own. */
export const judgeForged = (seen: Sight, own: Place): Finding => {
  const name = 'forged-address';
  const change = `in TRUSTED_PROXIES the proxies alone; and ${forwardedFor}`;
  const last: Hop | undefined = seen.chain.at(-1);
  if (seen.chain.some((hop) => hop.address === forgedAddress && hop.isTrusted))
    return fail(name, 'TRUSTED_PROXIES trusts any address: clients may say who they are.', change);
  if (seen.address !== forgedAddress) return ok(name, 'a forged X-Forwarded-For is not believed.');
  if (isDirect(seen, own))
    return fail(
      name,
      `a client at ${plainAddress(own.address)} is believed what it says, since TRUSTED_PROXIES names it.`,
      'name no address there from which clients come directly.',
    );
  // The proxy named us, and we are trusted ourselves: for a client from elsewhere it would end there.
  if (last?.isTrusted)
    return ok(
      name,
      `the proxy adds whom it sees (${last.address}, trusted itself; others are not).`,
    );
  return fail(
    name,
    'the proxy passes X-Forwarded-For on as clients send it, and it is believed.',
    change,
  );
};
