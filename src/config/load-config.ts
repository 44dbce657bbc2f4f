import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validateSync } from 'class-validator';
import { Config } from './config.js';
import { withoutCredentials } from './credentials.js';
import { s3Address } from './s3-address.js';
import type { S3Address } from './s3-address.js';
import { variables } from './variable.js';
import type { Variable } from './variable.js';

/** Every problem of the environment at once, a line each. */
export class ConfigInvalid extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigInvalid';
  }
}

const shown = (variable: Variable, text: string): string =>
  variable.secret
    ? 'holds a secret of another form'
    : `holds ${JSON.stringify(withoutCredentials(text))}`;

const parse = (variable: Variable, text: string): unknown => {
  switch (variable.kind) {
    case 'number':
      return /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    case 'list':
      return text.split(',').flatMap((entry) => entry.trim() || []);
    case 'text':
      return text;
  }
};

/**
 * Reads the configuration. An empty variable counts as not set; `X_FILE` is accepted for each secret X.
 * @throws ConfigInvalid with one line a problem: the variable, what it holds and what it may hold
 */
export const loadConfig = (env: NodeJS.ProcessEnv): Config => {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const texts = new Map<string, string>();
  for (const variable of variables()) {
    const { name } = variable;
    let text = env[name] || undefined;
    const file = variable.secret ? env[`${name}_FILE`] || undefined : undefined;
    if (text !== undefined && file !== undefined)
      problems.push(`${name} and ${name}_FILE are both set; it may be one of them`);
    else if (file !== undefined)
      try {
        text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
        if (text === '')
          problems.push(
            `${name}_FILE names ${file}, which is empty; ${name} may hold ${variable.may}`,
          );
      } catch {
        problems.push(
          `${name}_FILE holds "${file}", which cannot be read; it may hold the path of a readable file`,
        );
      }
    if (text) {
      texts.set(name, text);
      values[name] = parse(variable, text);
    }
  }
  const config = Object.assign(new Config(), values);
  for (const { property } of validateSync(config, { forbidUnknownValues: false })) {
    const variable = variables().find(({ name }) => name === property);
    if (variable)
      problems.push(
        `${property} ${shown(variable, texts.get(property) ?? '')}; it may hold ${variable.may}`,
      );
  }
  if (Boolean(config.ADMIN_USERNAME) !== Boolean(config.ADMIN_PASSWORD))
    problems.push('ADMIN_USERNAME and ADMIN_PASSWORD go together; set both or neither');
  if (problems.length > 0) throw new ConfigInvalid(problems);
  return config;
};

export type DatabaseTarget =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

export const databaseTarget = ({ DATABASE_URL, DATA_DIR }: Config): DatabaseTarget => {
  if (DATABASE_URL === undefined)
    return { kind: 'sqlite', path: join(DATA_DIR, 'logs-collector.sqlite') };
  return DATABASE_URL.startsWith('sqlite:')
    ? { kind: 'sqlite', path: DATABASE_URL.slice('sqlite:'.length) }
    : { kind: 'postgres', url: DATABASE_URL };
};

export type StorageTarget =
  | { readonly kind: 'file'; readonly folder: string }
  | { readonly kind: 's3'; readonly address: S3Address };

export const storageTarget = ({ STORAGE_URL, DATA_DIR }: Config): StorageTarget => {
  if (STORAGE_URL === undefined) return { kind: 'file', folder: join(DATA_DIR, 'archives') };
  const address = s3Address(STORAGE_URL);
  return address
    ? { kind: 's3', address }
    : { kind: 'file', folder: STORAGE_URL.slice('file:'.length) };
};
