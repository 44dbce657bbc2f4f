import { spawn } from 'node:child_process';

/** A demonstration that did not go as it should; its message is the one line that says why. */
export class Mismatch extends Error {}

/** A word as a POSIX shell takes it, so that a printed line can be copied. */
const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The words of a line that has no quotes but double ones, and nothing in them to expand. */
export const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, inQuotes, bare]) => inQuotes ?? bare ?? '');

export const say = (text: string): void => console.log(`\n# ${text}`);
export const show = (text: string): void => console.log(text);

/** Prints the command and runs it in `folder`, without a shell in between. @throws Mismatch when it fails */
export const run = async (
  folder: string,
  command: string,
  args: readonly string[],
): Promise<string> => {
  show(`$ ${[command, ...args].map(quoted).join(' ')}`);
  // PATH alone: neither a proxy of the environment nor a .curlrc may change what is shown.
  const child = spawn(command, [...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(new Mismatch(`${command}: ${cause.message}`)));
    child.once('close', resolve);
  });
  if (code !== 0) throw new Mismatch(`${command} ended with ${code}: ${complaint.trim()}`);
  return output;
};

export const expect = (holds: boolean, otherwise: string): void => {
  if (!holds) throw new Mismatch(otherwise);
};
