import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { Config } from './config.js';
import { loadConfig } from './load-config.js';
import { variables } from './variable.js';

const example = readFileSync(join(__dirname, '../../.env.example'), 'utf8');
const source = readFileSync(join(__dirname, 'config.ts'), 'utf8');

const shown = (value: unknown): string => {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

const defaults = new Map(Object.entries(new Config()));

describe('.env.example', () => {
  it('lists every variable with its default, and no other', () => {
    const expected = variables().map(({ name }) => [name, shown(defaults.get(name))]);
    expect(Object.entries(parse(example))).toEqual(expected);
  });

  it('says of each what config.ts says of it', () => {
    const docs = source.matchAll(
      /\/\*\* (.+) \*\/\n(?: {2}[@'")(/].*\n| {4}.*\n)* {2}readonly (\w+)/g,
    );
    const lines = [...docs].map(([, doc, name]) => `# ${doc}\n${name}=`);
    expect(lines).toHaveLength(variables().length);
    for (const line of lines) expect(example).toContain(line);
  });

  it('changes nothing when it is taken as it is', () => {
    expect(loadConfig(parse(example))).toEqual(new Config());
  });

  it('names every secret that may come from a file', () => {
    const secrets = variables().flatMap(({ name, secret }) => (secret ? name : []));
    expect(example).toContain(`(${secrets.join(', ')})`);
  });
});
