import { escaped } from './html.js';
import { attemptsLeft, refusal, words } from './plain-words.js';
import type { Language } from './plain-words.js';

/** The API's answer to a form, as its document has it: a stored archive, a checksum that was kept, or a problem. */
export type FormAnswer =
  | {
      readonly ticket: string;
      readonly filename: string;
      readonly size: number;
      readonly sha256: string;
      readonly uploadedAt: string;
      readonly attemptsLeft: number;
    }
  | { readonly claims: string; readonly filename: string; readonly state: 'pending' | 'matched' }
  | { readonly code: string; readonly requestId: string };

/** Where the page stands, and what it looks like. */
export interface Setting {
  /** Path before all of the service's addresses, without a slash at its end. */
  readonly prefix: string;
  /** Icon and stylesheet of the upload page, as elements; empty where the web UI was not built. */
  readonly links: string;
  /** Seconds that the service asks to wait; null where it does not. */
  readonly retryAfter: number | null;
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** `4.2 MB (4,200,000 bytes)` */
const size = (bytes: number, language: Language): string => {
  const inUnit = (value: number, unit: string, unitDisplay: 'long' | 'short'): string =>
    new Intl.NumberFormat(language, {
      style: 'unit',
      unit,
      unitDisplay,
      maximumFractionDigits: 1,
    }).format(value);
  const exact = inUnit(bytes, 'byte', 'long');
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return power === 0
    ? exact
    : `${inUnit(bytes / 1000 ** power, units[power] ?? 'byte', 'short')} (${exact})`;
};

/** In UTC, and saying so: nobody knows the customer's time zone here. */
const moment = (iso: string, language: Language): string =>
  new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(new Date(iso));

const duration = (seconds: number, language: Language): string => {
  const [value, unit] =
    seconds < 60 ? ([seconds, 'second'] as const) : ([Math.ceil(seconds / 60), 'minute'] as const);
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(
    value,
  );
};

const fact = (label: string, value: string, look = ''): string =>
  `<div class="flex flex-col gap-0.5"><dt class="text-muted text-sm">${escaped(label)}</dt><dd class="wrap-anywhere${look}">${escaped(value)}</dd></div>`;

const text = (sentence: string): string => `<p>${escaped(sentence)}</p>`;

const button = ({ prefix }: Setting, label: string): string =>
  `<a class="btn btn-primary no-print self-start" href="${escaped(prefix)}/upload">${escaped(label)}</a>`;

interface Parts {
  readonly heading: string;
  readonly isRefused: boolean;
  readonly lead: string;
  /** Elements after the lead. */
  readonly rest: readonly string[];
}

const parts = (answer: FormAnswer, language: Language, setting: Setting): Parts => {
  const say = words[language];
  if ('code' in answer) {
    const { retryAfter } = setting;
    const wait =
      retryAfter === null
        ? []
        : [text(say.plain_wait.replace('{time}', duration(retryAfter, language)))];
    const request = `<p class="text-muted text-sm">${escaped(say.plain_request)} <code class="wrap-anywhere">${escaped(answer.requestId)}</code></p>`;
    const rest = [...wait, request, button(setting, say.plain_back)];
    return { heading: say.plain_refused, isRefused: true, lead: refusal(answer.code, say), rest };
  }
  if ('claims' in answer) {
    const lead = answer.state === 'matched' ? say.plain_claim_matched : say.plain_claim_pending;
    const facts = `<dl class="flex flex-col gap-3">${fact(say.plain_file, answer.claims)}</dl>`;
    const rest = [facts, button(setting, say.plain_another)];
    return { heading: say.plain_claimed, isRefused: false, lead, rest };
  }
  const facts = [
    fact(say.plain_ticket, answer.ticket),
    fact(say.plain_file, answer.filename, ' font-medium'),
    fact(say.plain_size, size(answer.size, language)),
    fact('SHA-256', answer.sha256, ' font-mono text-sm'),
    fact(say.plain_time, moment(answer.uploadedAt, language)),
  ];
  const rest = [
    `<dl class="flex flex-col gap-3">${facts.join('')}</dl>`,
    text(attemptsLeft(answer.attemptsLeft, language)),
    ...(answer.attemptsLeft > 0 ? [button(setting, say.plain_another)] : []),
  ];
  return { heading: say.plain_stored, isRefused: false, lead: say.plain_stored_lead, rest };
};

/**
 * What a browser without scripts shows for the API's answer. Whatever somebody else wrote is text in it, and nothing in
 * it is secret: the token does not come back.
 */
export const plainPage = (answer: FormAnswer, language: Language, setting: Setting): string => {
  const { heading, isRefused, lead, rest } = parts(answer, language, setting);
  const { product } = words[language];
  const look = isRefused ? 'alert-error' : 'alert-success';
  return `<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="robots" content="noindex" />
    <title>${escaped(`${heading} · ${product}`)}</title>
    ${setting.links}
  </head>
  <body>
    <main class="mx-auto flex min-h-dvh max-w-lg flex-col justify-center gap-6 p-4">
      <h1 class="text-2xl font-semibold">${escaped(heading)}</h1>
      <div class="card bg-base-100 border-base-300 flex flex-col gap-4 border p-6">
        <p class="alert alert-soft ${look}">${escaped(lead)}</p>
        ${rest.join('\n        ')}
      </div>
    </main>
  </body>
</html>
`;
};
