import { plainPage } from './plain-page.js';
import type { FormAnswer } from './plain-page.js';
import { refusal, words } from './plain-words.js';

const stored = {
  ticket: 'SUP-1',
  filename: `<img src=x onerror="alert('1')">&.tgz`,
  size: 4_200_000,
  sha256: 'a'.repeat(64),
  uploadedAt: '2026-11-20T10:11:12.345Z',
  attemptsLeft: 2,
};
const setting = { prefix: '/a&b', links: '', retryAfter: null };
const page = (answer: FormAnswer, language: 'en' | 'ru' = 'en', retryAfter: number | null = null) =>
  plainPage(answer, language, { ...setting, retryAfter });

it('has whatever somebody wrote as text', () => {
  const html = page(stored);
  expect(html).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;.tgz');
  expect(html).not.toContain('<img');
  expect(html).toContain('href="/a&amp;b/upload"');
  expect(page({ code: '"><b>', requestId: '<script>' })).not.toMatch(/<b>|<script/);
});

it('tells of the file as each language does', () => {
  expect(page(stored)).toContain('4.2 MB (4,200,000 bytes)');
  expect(page(stored)).toContain('November 20, 2026 at 10:11 AM UTC');
  expect(page(stored)).toContain('You may send 2 more files with this token.');
  expect(page({ ...stored, size: 1 })).toContain('>1 byte<');
  const russian = page(stored, 'ru');
  expect(russian).toContain('<html lang="ru">');
  expect(russian).toMatch(/4,2\sМБ \(4\s200\s000\sбайт\)/);
  expect(russian).toContain('20 ноября 2026 г. в 10:11 UTC');
  expect(russian).toContain('С этим токеном можно отправить ещё 2 файла.');
  expect(page({ ...stored, attemptsLeft: 5 }, 'ru')).toContain('ещё 5 файлов');
});

it('leads to another file where one may still come', () => {
  expect(page(stored)).toContain('Send another file');
  const last = page({ ...stored, attemptsLeft: 0 });
  expect(last).toContain('All files that this token allows have been sent.');
  expect(last).not.toContain('Send another file');
});

it('says what was refused, what to do and how long to wait', () => {
  const refused = { code: 'rate-limited', requestId: 'request-7' };
  expect(page(refused, 'en', 59)).toContain('Wait 59 seconds before you try again.');
  expect(page(refused, 'en', 61)).toContain('Wait 2 minutes before you try again.');
  expect(page(refused, 'ru', 300)).toContain('Подождите 5 минут и повторите.');
  expect(page(refused)).not.toContain('before you try again');
  expect(page(refused)).toContain('request-7');
  expect(page({ ...refused, code: 'of-a-newer-service' })).toContain('Something went wrong');
});

it('tells what became of a checksum', () => {
  const claim = { claims: 'logs.tgz', filename: 'logs.tgz.md5', state: 'pending' } as const;
  expect(page(claim)).toContain('It will be compared with the file when that comes.');
  expect(page({ ...claim, state: 'matched' }, 'ru')).toContain('Она совпала');
});

it('has a sentence for each refusal of a form', () => {
  for (const code of [
    ...['credentials-missing', 'token-unknown', 'token-expired', 'token-exhausted'],
    ...['token-revoked', 'token-locked', 'ticket-resolved', 'file-missing', 'too-many-files'],
    ...['file-empty', 'multipart-malformed', 'request-malformed', 'validation-failed'],
    ...['digest-mismatch', 'upload-too-large', 'quota-exceeded', 'upload-stalled'],
    ...['rate-limited', 'too-many-uploads', 'shutting-down', 'database-unavailable'],
    ...['storage-unavailable', 'storage-full'],
  ])
    for (const say of [words.en, words.ru])
      expect([code, refusal(code, say)]).not.toEqual([code, say.plain_internal_error]);
});
