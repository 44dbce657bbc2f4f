import { adviceOn, proxyOf } from './advice.js';

it('advice is in the words of the proxy that answers, and of all where it does not say', () => {
  expect(adviceOn('bodyLimit', proxyOf('nginx/1.22.1'))).toBe('in nginx, client_max_body_size 0;');
  expect(adviceOn('bodyLimit', proxyOf('Caddy'))).toMatch(/^in Caddy, .*max_size/);
  for (const server of [undefined, 'gunicorn'])
    expect(adviceOn('bodyLimit', proxyOf(server))).toMatch(/^in nginx,.* in Caddy,.* in Traefik, /);
});
