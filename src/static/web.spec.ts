import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import supertest from 'supertest';
import { MethodNotAllowed } from '../errors/errors.js';
import { builtPages } from './built-pages.js';
import type { BuiltPages } from './built-pages.js';
import { webPages } from './web.js';
import { pagePolicy } from './web.policy.js';

const browser = 'text/html,application/xhtml+xml,*/*;q=0.8';
const script = 'console.log(1);'.repeat(50);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'logs-collector-web-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<p>desk</p>');
  writeFileSync(join(folder, 'upload.html'), '<p>upload</p>');
  writeFileSync(join(folder, 'assets/a-1.js'), script);
  writeFileSync(join(folder, 'assets/a-1.js.br'), brotliCompressSync(script));
  writeFileSync(join(folder, 'assets/a-1.js.gz'), gzipSync(script));
});

afterAll(() => rmSync(folder, { recursive: true }));

const serving = (pages: BuiltPages): Express =>
  express()
    .use(webPages(pages))
    .use((_req, res) => void res.status(404).send('the API'))
    .use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      if (!(error instanceof MethodNotAllowed)) throw error;
      res.status(405).set(error.headers).end();
    });

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  supertest(serving(builtPages('', folder)))
    .get(path)
    .set(headers);

describe('a page', () => {
  it('is the desk, or the customer’s, under a strict policy, and is kept by no cache', async () => {
    for (const [path, text] of [
      ['/', 'desk'],
      ['/tickets/SUP-1', 'desk'],
      ['/upload', 'upload'],
    ] as const) {
      const answer = await get(path, { Accept: browser }).expect(200);
      expect(answer.text).toBe(`<p>${text}</p>`);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': pagePolicy,
        'cache-control': 'no-store',
      });
    }
  });

  it('is told by HEAD as by GET', async () => {
    const head = await supertest(serving(builtPages('', folder)))
      .head('/upload')
      .expect(200);
    expect(head.headers['content-length']).toBe(String('<p>upload</p>'.length));
    expect(head.text).toBeUndefined();
  });

  it('tells another method which ones it takes, and leaves what is no page to the API', async () => {
    const pages = serving(builtPages('', folder));
    for (const path of ['/', '/upload', '/assets/a-1.js'])
      await supertest(pages).post(path).expect(405).expect('Allow', 'GET, HEAD');
    await supertest(pages).post('/assets/none.js').expect(404);
  });

  it('that was not built says how to build it', async () => {
    const answer = await supertest(serving(new Map())).get('/').expect(503);
    expect(answer.text).toContain('npm run build');
    expect(answer.headers['content-security-policy']).toBe(pagePolicy);
  });
});

describe('below the path that PUBLIC_URL has', () => {
  it('a page names its parts by that path, compressed or not', async () => {
    writeFileSync(
      join(folder, 'upload.html'),
      '<link href="./assets/a.css"><script src="./assets/a.js"></script><form action="./api/v1/archives"><a href="#x">',
    );
    const below = serving(builtPages('/lo"gs', folder));
    for (const coding of ['identity', 'gzip', 'br']) {
      const answer = await supertest(below).get('/upload').set('Accept-Encoding', coding);
      expect(answer.headers['content-encoding']).toBe(coding === 'identity' ? undefined : coding);
      expect(answer.text).toBe(
        '<link href="/lo&quot;gs/assets/a.css"><script src="/lo&quot;gs/assets/a.js"></script><form action="/lo&quot;gs/api/v1/archives"><a href="#x">',
      );
    }
    writeFileSync(join(folder, 'upload.html'), '<p>upload</p>');
  });
});

describe('an asset', () => {
  it('is compressed as the client takes it, and kept for a year', async () => {
    for (const [accepted, sent] of [
      ['gzip, deflate, br', 'br'],
      ['gzip', 'gzip'],
      ['identity', undefined],
    ] as const) {
      const answer = await supertest(serving(builtPages('', folder)))
        .head('/assets/a-1.js')
        .set('Accept-Encoding', accepted)
        .expect(200);
      expect(answer.headers['content-encoding']).toBe(sent);
      expect(answer.headers['vary']).toBe('Accept-Encoding');
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    }
    const plain = await get('/assets/a-1.js', { 'Accept-Encoding': 'identity' });
    expect(plain.text).toBe(script);
  });

  it('that is none is the API’s matter, also where its compressed form is asked for', async () => {
    for (const path of [
      '/assets/b.js',
      '/assets/a-1.js.br',
      '/assets/../index.html',
      '/index.html',
    ])
      await get(path, { Accept: '*/*' }).expect(404);
  });
});
