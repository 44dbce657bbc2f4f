import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressedTo } from './upload-script.policy.js';

const script = readFileSync(join(__dirname, 'upload.sh'), 'utf8');

it.each([
  'https://logs.example.com',
  'http://[2001:db8::1]:8000/logs',
  "https://host/it's",
  'https://host/$(touch x)`touch x`$HOME"\\"',
  "https://host/';touch x;'",
  'https://host/$&$1$$\\n%s',
])('the address %s stands in the script as it is', (base) => {
  const addressed = addressedTo(script, base);
  expect(addressed).not.toContain('@SERVED_FROM@');
  const [line] = /^served_from=.*$/m.exec(addressed) ?? [];
  const shown = execFileSync('sh', ['-c', `${line}\nprintf %s "$served_from"`], { cwd: __dirname });
  expect(shown.toString()).toBe(base);
});
