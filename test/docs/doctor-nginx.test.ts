import { changedNginx, documentedNginx } from '../support/nginx-blocks.js';
import { doctorSays, named, sentence, typedDoctor } from '../support/doctor.js';
import type { Visit } from '../support/doctor.js';
import { describeWithNginx, nginx } from '../support/nginx.js';
import type { Nginx } from '../support/nginx.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

type Env = Readonly<Record<string, string>>;

interface Deployed {
  readonly service: TestService;
  readonly proxy: Nginx;
  readonly env: Env;
}

/** A service that stands behind an nginx, which serves nothing yet. */
const deployed = async (scheme: 'http' | 'https', more: Env = {}): Promise<Deployed> => {
  const proxy = await nginx(scheme);
  const env = { PUBLIC_URL: proxy.url, TRUSTED_PROXIES: '127.0.0.1', ...more };
  return { proxy, env, service: await startedService(env) };
};

describeWithNginx('the doctor in front of nginx', () => {
  let plain: Deployed;
  /** The block of docs/operations.md with one thing otherwise. */
  const having = async (from: string | RegExp, to: string, seconds = 0): Promise<Visit> => {
    const { proxy, service, env } = plain;
    await proxy.serve(changedNginx(service.url, from, to));
    return doctorSays(service, env, seconds);
  };

  beforeAll(async () => {
    plain = await deployed('http');
  });

  it('has nothing against the block of docs/operations.md', async () => {
    const { proxy, service, env } = plain;
    await proxy.serve(documentedNginx(service.url));
    const visited = await typedDoctor(service, env, 2);
    expect(named(visited, 'fail')).toEqual([]);
    expect(visited.code).toBe(0);
    // The password is what this service was started with, and a checkout has no launcher for the sandbox; the rest says
    // that all was looked at.
    expect([...named(visited, 'warn')].sort()).toEqual(['admin-password', 'sandbox']);
    expect(named(visited, 'ok')).toHaveLength(14);
  });

  it('names the limit of a body, and how to lift it', async () => {
    const visited = await having('client_max_body_size 0', 'client_max_body_size 3m');
    expect(visited.code).toBe(1);
    expect(named(visited, 'fail')).toEqual(['body-limit']);
    expect(sentence(visited, 'body-limit')).toMatch(
      /413 by nginx.*; 2 MiB is accepted, 4 MiB is not.*client_max_body_size 0;/,
    );
  });

  it('names the time-outs that are too short', async () => {
    const times = /client_body_timeout \d+s;([^]*)proxy_read_timeout \d+s;/;
    const visited = await having(times, 'client_body_timeout 2s;$1proxy_read_timeout 2s;', 5);
    expect(named(visited, 'fail')).toEqual(['silent-upload', 'late-answer']);
    expect(sentence(visited, 'silent-upload')).toContain('client_body_timeout 120s;');
    expect(sentence(visited, 'late-answer')).toMatch(/504 by nginx.*proxy_read_timeout 300s;/);
    expect(named(visited, 'ok')).toContain('long-upload');
  });

  it('names a proxy that hides the client', async () => {
    const line = /proxy_set_header X-Forwarded-For .*;/;
    const hidden = await having(line, 'proxy_set_header X-Forwarded-For "";');
    expect(named(hidden, 'fail')).toEqual(['client-address']);
    expect(sentence(hidden, 'client-address')).toMatch(
      /\(127\.0\.0\.1\).*\$proxy_add_x_forwarded_for/,
    );
    expect(sentence(hidden, 'client-address')).not.toContain('TRUSTED_PROXIES');
    // nginx passes on what it is not told to set.
    const passed = await having(line, '');
    expect(named(passed, 'fail')).toEqual(['client-address', 'forged-address']);
    expect(sentence(passed, 'forged-address')).toContain('as clients send it');
  });

  it('says that nobody is there, or somebody else', async () => {
    const { proxy, service, env } = plain;
    const gone = await doctorSays(service, { ...env, PUBLIC_URL: 'http://127.0.0.1:1' });
    expect(named(gone, 'fail')).toEqual(['service']);
    expect(sentence(gone, 'service')).toMatch(/ECONNREFUSED.*PUBLIC_URL/);
    const secure = await doctorSays(service, {
      ...env,
      PUBLIC_URL: proxy.url.replace('http', 'https'),
    });
    expect(named(secure, 'fail')).toEqual(['service']);
    expect(sentence(secure, 'service')).toMatch(/this one speaks http\./);
    await proxy.serve('location / { return 404; }');
    expect(sentence(await doctorSays(service, env), 'service')).toMatch(
      /404 by nginx.*not by this/,
    );
    await proxy.serve('location / { return 301 https://logs.example.com$request_uri; }');
    expect(sentence(await doctorSays(service, env), 'service')).toContain('a redirect loses');
    await proxy.serve('location / { proxy_pass http://127.0.0.1:1; }');
    expect(sentence(await doctorSays(service, env), 'service')).toMatch(/502 .*start the service/);
  });

  it('follows a service that stands below a path, whether it is passed on or cut off', async () => {
    const { proxy } = plain;
    const env = { ...plain.env, PUBLIC_URL: `${proxy.url}/logs` };
    const service = await startedService(env);
    const below = changedNginx(service.url, 'location /', 'location /logs/');
    for (const block of [below, below.replace(service.url, `${service.url}/`)]) {
      await proxy.serve(block);
      expect(named(await doctorSays(service, env), 'fail')).toEqual([]);
    }
  });

  it('names a path that only one PUBLIC_URL has, and does not blame the proxy', async () => {
    const { proxy, service, env } = plain;
    await proxy.serve(documentedNginx(service.url));
    const visited = await doctorSays(service, { ...env, PUBLIC_URL: `${proxy.url}/logs` });
    expect(named(visited, 'fail')).toEqual(['service']);
    expect(sentence(visited, 'service')).toMatch(/\/logs" here and .*same PUBLIC_URL/);
  });

  it('says that another installation is behind PUBLIC_URL', async () => {
    const { proxy, env } = plain;
    const other = await startedService(env);
    await proxy.serve(documentedNginx(other.url));
    expect(sentence(await doctorSays(plain.service, env), 'service')).toMatch(/SECRET_KEY/);
    // A copy that was given the same key.
    const key = { ...env, SECRET_KEY: 'the same key in both, 32 characters at least' };
    const [one, copy] = [await startedService(key), await startedService(key)];
    await proxy.serve(documentedNginx(copy.url));
    const visited = await doctorSays(one, key);
    expect(named(visited, 'fail')).toEqual(['service']);
    expect(sentence(visited, 'service')).toContain('another database');
  });
});

describeWithNginx('the doctor in front of nginx with TLS', () => {
  it('looks at the certificate, and goes on if it is none that clients trust', async () => {
    const { proxy, service, env } = await deployed('https');
    await proxy.serve(documentedNginx(service.url));
    const visited = await typedDoctor(service, { ...env, NODE_EXTRA_CA_CERTS: proxy.certificate });
    expect(named(visited, 'fail')).toEqual([]);
    // That of a test is good for a day.
    expect(sentence(visited, 'tls')).toContain('ends in');
    const untrusted = await typedDoctor(service, env);
    expect(named(untrusted, 'fail')).toEqual(['tls']);
    expect(sentence(untrusted, 'tls')).toMatch(/SELF_SIGNED|authority/);
    expect(named(untrusted, 'ok')).toContain('body-limit');
  });

  it('names a proxy that is not trusted', async () => {
    const { proxy, service, env } = await deployed('https', { TRUSTED_PROXIES: '10.0.0.0/8' });
    await proxy.serve(documentedNginx(service.url));
    const visited = await typedDoctor(service, { ...env, NODE_EXTRA_CA_CERTS: proxy.certificate });
    expect(named(visited, 'fail')).toEqual(['client-address']);
    expect(sentence(visited, 'client-address')).toContain('TRUSTED_PROXIES=127.0.0.1');
  });
});
