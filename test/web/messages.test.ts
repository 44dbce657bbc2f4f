import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const web = join(__dirname, '../../web');

type Message = string | readonly { readonly match: Readonly<Record<string, string>> }[];

const messagesIn = (locale: string): Readonly<Record<string, Message>> => {
  const { $schema: _schema, ...messages } = JSON.parse(
    readFileSync(join(web, 'messages', `${locale}.json`), 'utf8'),
  ) as Record<string, Message>;
  return messages;
};

const en = messagesIn('en');
const ru = messagesIn('ru');

const sources = readdirSync(join(web, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(svelte|ts)$/.test(name) && !name.startsWith('paraglide'))
  .map((name) => readFileSync(join(web, 'src', name), 'utf8'))
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
    const used = new Set([...sources.matchAll(/\bm\.(\w+)/g)].map(([, name]) => name));
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
