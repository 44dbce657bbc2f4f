import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from '../../test/support/temp-folder.js';
import { Config } from './config.js';
import { ConfigInvalid, databaseTarget, loadConfig, storageTarget } from './load-config.js';

const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadConfig(env);
  } catch (cause) {
    if (cause instanceof ConfigInvalid) return cause.problems;
    throw cause;
  }
  return [];
};

const fileWith = (text: string): string => {
  const path = join(tempFolder(), 'secret');
  writeFileSync(path, text);
  return path;
};

describe('the configuration', () => {
  it('has a default for everything, and an empty variable counts as not set', () => {
    expect(loadConfig({})).toEqual(new Config());
    expect(loadConfig({ PORT: '', PUBLIC_URL: '', SECRET_KEY: '', SECRET_KEY_FILE: '' })).toEqual(
      new Config(),
    );
  });

  it('is read as numbers, texts and lists', () => {
    const config = loadConfig({
      PORT: '80',
      MAX_UPLOAD_BYTES: '1048576',
      API_DOCS: 'off',
      TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,2001:db8::/32',
      CORS_ORIGINS: 'https://desk.example.com',
      PATH: 'not ours',
    });
    expect(config).toMatchObject({
      PORT: 80,
      MAX_UPLOAD_BYTES: 1_048_576,
      API_DOCS: 'off',
      TRUSTED_PROXIES: ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'],
      CORS_ORIGINS: ['https://desk.example.com'],
    });
    expect(config).not.toHaveProperty('PATH');
  });

  it('tells everything that is wrong at once: the variable, what it holds and what it may hold', () => {
    expect(problemsOf({ PORT: '8o', API_DOCS: 'yes', CORS_ORIGINS: 'desk.example.com' })).toEqual([
      'PORT holds "8o"; it may hold a whole number from 0 to 65535',
      'API_DOCS holds "yes"; it may hold "on" or "off"',
      'CORS_ORIGINS holds "desk.example.com"; it may hold a comma-separated list of origins, such as https://desk.example.com',
    ]);
  });

  it.each([
    { PORT: '65536' },
    { PORT: '-1' },
    { PORT: '80.5' },
    { PORT: '0x50' },
    { PORT: ' 80' },
    { MAX_UPLOAD_BYTES: '0' },
    { MAX_UPLOAD_BYTES: '1e9' },
    { MAX_UPLOAD_BYTES: '99999999999999999999' },
    { TOKEN_ATTEMPTS: '1001' },
    { TOKEN_LIFETIME: '31536001' },
    { UPLOAD_IDLE_TIMEOUT: '604801' },
    { UPLOAD_EXPIRY: '31536001' },
    { SESSION_IDLE: '31536001' },
    { SESSION_LIFETIME: '31536001' },
    { SHUTDOWN_GRACE: '604801' },
    { TRUSTED_PROXIES: '10.0.0.0/33' },
    { TRUSTED_PROXIES: '2001:db8::/129' },
    { TRUSTED_PROXIES: 'loopback/8' },
    { CORS_ORIGINS: 'https://desk.example.com/' },
    { CORS_ORIGINS: '*' },
    { PUBLIC_URL: 'logs.example.com' },
    { PUBLIC_URL: 'https://logs.example.com/?a=b' },
    { DATABASE_URL: 'mysql://db/logs' },
    { DATABASE_URL: 'sqlite::memory:' },
    { DATABASE_URL: 'sqlite: ' },
    { DATABASE_URL: 'postgres://user:%ZZ@db/logs' },
    { STORAGE_URL: '/srv/archives' },
    { STORAGE_URL: 's3://' },
    { STORAGE_URL: 's3://key:secret@archives/logs' },
    { LOG_LEVEL: 'verbose' },
    { DATABASE_POOL: '1' },
    { HOST: 'a b' },
  ])('refuses %j', (env) => {
    const [name = ''] = Object.keys(env);
    expect(problemsOf(env)).toEqual([expect.stringMatching(`^${name} holds .*; it may hold .+`)]);
  });

  it('wants the first admin whole', () => {
    expect(problemsOf({ ADMIN_USERNAME: 'root' })).toEqual([
      'ADMIN_USERNAME and ADMIN_PASSWORD go together; set both or neither',
    ]);
  });
});

describe('a secret of the configuration', () => {
  const short = 'hunter2';

  it('is never shown, whatever is wrong with it', () => {
    const said = problemsOf({
      SECRET_KEY: short,
      METRICS_TOKEN: short,
      DATABASE_URL: `mysql://root:${short}@db/logs`,
      ADMIN_USERNAME: 'root',
      ADMIN_PASSWORD: short,
    });
    expect(said).toHaveLength(4);
    expect(said.join('\n')).not.toContain(short);
  });

  it.each([
    ['STORAGE_URL', 's3://AKIA:hunter2@bucket', 's3://…@bucket'],
    ['STORAGE_URL', 's3://AKIA:hun/ter2@hunter2?@bucket/logs', 's3://…@bucket/logs'],
    ['STORAGE_URL', 's3:AKIA:hunter2@bucket', 's3:…@bucket'],
    ['STORAGE_URL', 's3://logs?endpoint=https://key:hunter2@store', 's3://…@store'],
    ['STORAGE_URL', 's3://logs?endpoint=https:%2F%2Fa:hunter2%40store', 's3://logs?endpoint=…'],
    [
      'STORAGE_URL',
      's3://logs?region=eu&secret_access_key=hunter2',
      's3://logs?region=eu&secret_access_key=…',
    ],
    ['PUBLIC_URL', 'http://user:hunter2@host', 'http://…@host'],
    ['PUBLIC_URL', 'http://user:hun/ter2@host', 'http://…@host'],
    ['PUBLIC_URL', 'https://host/?hunter2', 'https://host/?…'],
    ['CORS_ORIGINS', 'https://a.example.com,https://user:hunter2@host', 'https://…@host'],
  ])('is not shown of an address: %s=%s', (name, text, masked) => {
    expect(problemsOf({ [name]: text })).toEqual([
      expect.stringContaining(`${name} holds "${masked}"; it may hold `),
    ]);
  });

  it('may come from a file, whose last line end is not part of it', () => {
    const key = 'k'.repeat(32);
    expect(loadConfig({ SECRET_KEY_FILE: fileWith(`${key}\n`) }).SECRET_KEY).toBe(key);
  });

  it('comes from one place, that exists and holds something', () => {
    expect(problemsOf({ SECRET_KEY: 'k'.repeat(32), SECRET_KEY_FILE: fileWith(short) })).toEqual([
      'SECRET_KEY and SECRET_KEY_FILE are both set; it may be one of them',
    ]);
    expect(problemsOf({ SECRET_KEY_FILE: '/nonexistent' })).toEqual([
      'SECRET_KEY_FILE holds "/nonexistent", which cannot be read; it may hold the path of a readable file',
    ]);
    expect(problemsOf({ SECRET_KEY_FILE: fileWith('\n') })).toEqual([
      expect.stringMatching(/^SECRET_KEY_FILE names .*, which is empty; SECRET_KEY may hold /),
    ]);
  });

  it('is shown from a file no more than from the environment', () => {
    const said = problemsOf({ SECRET_KEY_FILE: fileWith(short) });
    expect(said).toEqual([expect.stringMatching(/^SECRET_KEY holds a secret of another form; /)]);
    expect(said.join('\n')).not.toContain(short);
  });

  it('is no file where it is no secret', () => {
    expect(loadConfig({ PORT_FILE: '/nonexistent' })).toEqual(new Config());
  });
});

describe('where things are kept', () => {
  it('is below DATA_DIR unless said otherwise', () => {
    const config = loadConfig({ DATA_DIR: '/srv/logs' });
    expect(databaseTarget(config)).toEqual({
      kind: 'sqlite',
      path: '/srv/logs/logs-collector.sqlite',
    });
    expect(storageTarget(config)).toEqual({ kind: 'file', folder: '/srv/logs/archives' });
  });

  it('is where the URLs lead', () => {
    const config = loadConfig({
      DATABASE_URL: 'sqlite:/var/db.sqlite',
      STORAGE_URL: 'file:/mnt/a',
    });
    expect(databaseTarget(config)).toEqual({ kind: 'sqlite', path: '/var/db.sqlite' });
    expect(storageTarget(config)).toEqual({ kind: 'file', folder: '/mnt/a' });
    const url = 'postgres://user:password@db:5432/logs';
    expect(databaseTarget(loadConfig({ DATABASE_URL: url }))).toEqual({ kind: 'postgres', url });
  });
});
