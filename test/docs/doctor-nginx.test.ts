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
    // The password is what this service was started with; the rest says that all was looked at.
    expect(named(visited, 'warn')).toEqual(['admin-password']);
    expect(named(visited, 'ok')).toHaveLength(24);
  });

  it('names the limit of a body, and how to lift it', async () => {
    const visited = await having('client_max_body_size 0', 'client_max_body_size 3m');
    expect(visited.code).toBe(1);
    expect(named(visited, 'fail')).toEqual(['body-limit']);
    expect(sentence(visited, 'body-limit')).toMatch(
      /413 by nginx.*; 2 MiB is taken, 4 MiB is not.*client_max_body_size 0;/,
    );
  });

  it('notices a proxy that keeps bodies back', async () => {
    const buffered = await having('proxy_request_buffering off', 'proxy_request_buffering on');
    expect(named(buffered, 'fail')).toEqual(['request-buffering']);
    expect(sentence(buffered, 'request-buffering')).toContain('proxy_request_buffering off;');
    // HTTP/1.0 knows no chunks, so nginx has to gather them.
    const old = await having('proxy_http_version 1.1;', '');
    expect(named(old, 'fail')).toEqual(['request-buffering']);
    expect(sentence(old, 'request-buffering')).toMatch(/in chunks.*proxy_http_version 1.1;/);
  });

  it('notices a proxy that keeps answers back, and one that does so with events too', async () => {
    const gathered = await having('proxy_buffering off', 'proxy_buffering on');
    expect(gathered.code).toBe(0);
    expect(named(gathered, 'warn')).toContain('answer-buffering');
    expect(sentence(gathered, 'answer-buffering')).toContain('proxy_buffering off;');
    const packing = 'gzip on; gzip_min_length 0; gzip_types text/event-stream';
    const deaf = `proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; ${packing}`;
    const held = await having('proxy_buffering off', deaf);
    expect(named(held, 'fail')).toEqual(['events']);
    expect(sentence(held, 'events')).toContain('no gzip_types text/event-stream;');
  });

  it('names the methods that do not come through', async () => {
    const visited = await having(
      'proxy_pass',
      'limit_except GET POST PUT { deny all; } proxy_pass',
    );
    // Nothing else is blamed for what is refused.
    expect(named(visited, 'fail')).toEqual(['methods']);
    expect(sentence(visited, 'request-headers')).toContain('needs PATCH');
    expect(named(visited, 'ok')).toEqual(
      expect.arrayContaining(['body-limit', 'request-buffering']),
    );
    expect(sentence(visited, 'methods')).toMatch(
      /OPTIONS.*PATCH .* is answered 403 by nginx.*DELETE.*limit_except/,
    );
    expect(sentence(visited, 'methods')).not.toMatch(/(GET|HEAD|POST|PUT) \S+ is answered/);
  });

  it('names the time-outs that are too short', async () => {
    const times = /client_body_timeout \d+s;([^]*)proxy_read_timeout \d+s;/;
    const visited = await having(times, 'client_body_timeout 2s;$1proxy_read_timeout 2s;', 5);
    expect(named(visited, 'fail')).toEqual(['silent-upload', 'late-answer', 'long-events']);
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

  it('names headers that are lost in either direction, and addresses that are led elsewhere', async () => {
    const visited = await having(
      'proxy_pass',
      'proxy_set_header Tus-Resumable ""; proxy_hide_header Upload-Offset; proxy_redirect / http://elsewhere/; proxy_pass',
    );
    expect(named(visited, 'fail')).toEqual(['request-headers', 'answer-headers']);
    expect(sentence(visited, 'request-headers')).toContain('tus-resumable is removed');
    expect(sentence(visited, 'answer-headers')).toMatch(
      /upload-offset is removed.*Location leads to "http:\/\/elsewhere\//,
    );
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
    expect(sentence(await doctorSays(service, env), 'service')).toMatch(/404 by nginx.*not this/);
    await proxy.serve('location / { return 301 https://logs.example.com$request_uri; }');
    expect(sentence(await doctorSays(service, env), 'service')).toContain('leads away to');
    await proxy.serve('location / { proxy_pass http://127.0.0.1:1; }');
    expect(sentence(await doctorSays(service, env), 'service')).toMatch(/502 .*start the service/);
  });

  it('follows a service that stands below a path, whether it is passed on or cut off', async () => {
    const { proxy } = plain;
    const env = { ...plain.env, PUBLIC_URL: `${proxy.url}/logs` };
    const service = await startedService(env);
    const below = changedNginx(service.url, 'location /', 'location /logs/');
    for (const [block, said] of [
      [below, '/logs is passed on'],
      [below.replace(service.url, `${service.url}/`), '/logs is cut off'],
    ] as const) {
      await proxy.serve(block);
      const visited = await doctorSays(service, env);
      expect(named(visited, 'fail')).toEqual([]);
      expect(sentence(visited, 'path')).toContain(said);
    }
  });

  it('names a path that is in one PUBLIC_URL alone, and blames the proxy for nothing', async () => {
    const { proxy, service, env } = plain;
    await proxy.serve(documentedNginx(service.url));
    const visited = await doctorSays(service, { ...env, PUBLIC_URL: `${proxy.url}/logs` });
    expect(named(visited, 'fail')).toEqual(['path']);
    expect(sentence(visited, 'path')).toMatch(
      /"\/logs" here, and none at the service.*same PUBLIC_URL/,
    );
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
    expect(named(untrusted, 'ok')).toContain('request-buffering');
  });

  it('names a proxy that is not trusted, and a Host and a scheme that are not the public ones', async () => {
    const { proxy, service, env } = await deployed('https', { TRUSTED_PROXIES: '10.0.0.0/8' });
    const headers = /proxy_set_header Host .*;([^]*)proxy_set_header X-Forwarded-Proto .*;/;
    await proxy.serve(
      changedNginx(service.url, headers, '$1proxy_set_header X-Forwarded-Proto http;'),
    );
    const visited = await typedDoctor(service, { ...env, NODE_EXTRA_CA_CERTS: proxy.certificate });
    expect(named(visited, 'fail')).toEqual(['client-address']);
    expect(sentence(visited, 'client-address')).toContain('TRUSTED_PROXIES=127.0.0.1');
    expect(named(visited, 'warn')).toEqual(expect.arrayContaining(['host', 'scheme']));
    expect(sentence(visited, 'host')).toContain('proxy_set_header Host $host;');
    expect(sentence(visited, 'scheme')).toContain('X-Forwarded-Proto $scheme;');
  });
});
