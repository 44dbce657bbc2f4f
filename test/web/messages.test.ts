import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const web = join(__dirname, '../../web');
/** Holds what the page without scripts says, and shares some of it with the web UI. */
const plain = join(__dirname, '../../src/static');

type Message = string | readonly { readonly match: Readonly<Record<string, string>> }[];

const messagesIn = (locale: string): Readonly<Record<string, Message>> => {
  const [shared, own] = [plain, web].map((folder) => {
    const text = readFileSync(join(folder, 'messages', `${locale}.json`), 'utf8');
    return JSON.parse(text) as Record<string, Message>;
  });
  const { $schema: _schema, ...messages } = { ...shared, ...own };
  return messages;
};

const en = messagesIn('en');
const ru = messagesIn('ru');

const sources = [join(web, 'src'), plain]
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.spec)\.(svelte|ts)$/.test(name) && !name.startsWith('paraglide'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  )
  .join('\n');

/** What is to be filled in: `{ticket}`. */
const blanksOf = (message: Message): string[] => [
  ...new Set(
    (typeof message === 'string' ? [message] : message.flatMap(({ match }) => Object.values(match)))
      .flatMap((text) => text.match(/\{\w+\}/g) ?? [])
      .sort(),
  ),
];

describe('the messages', () => {
  it('are the same in both languages', () => {
    expect(Object.keys(ru)).toEqual(Object.keys(en));
  });

  it('are all used, and all there', () => {
    const used = new Set([...sources.matchAll(/\b(?:m|say)\.(\w+)/g)].map(([, name]) => name));
    expect(Object.keys(en).filter((name) => !used.has(name))).toEqual([]);
    expect([...used].filter((name) => name !== undefined && !(name in en))).toEqual([]);
  });

  it('fill in the same blanks', () => {
    for (const [name, message] of Object.entries(en))
      expect({ name, blanks: blanksOf(ru[name] ?? '') }).toEqual({
        name,
        blanks: blanksOf(message),
      });
  });

  it('count as each language counts', () => {
    const forms = (messages: typeof en, locale: string): void => {
      const wanted = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
      for (const message of Object.values(messages))
        if (typeof message !== 'string')
          for (const { match } of message)
            expect(Object.keys(match).sort()).toEqual(wanted.map((form) => `form=${form}`).sort());
    };
    forms(en, 'en');
    forms(ru, 'ru');
  });

  it('are told in Russian, but for names', () => {
    const latin = Object.entries(ru).filter(
      ([, message]) =>
        typeof message === 'string' &&
        !/[а-яё]/i.test(message) &&
        // One of nothing but what is put in has no language.
        /\p{L}/u.test(message.replace(/\{\w+\}/g, '')),
    );
    expect(latin.map(([name]) => name)).toEqual(['product', 'answer_curl']);
  });
});
