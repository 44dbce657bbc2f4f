import type { IssuedToken } from '../../api/schema.js';
import { m } from '../../paraglide/messages.js';
import type { Locale } from '../../paraglide/runtime.js';

/** The line for the resumable script, where the service gives one. */
export interface AnswerToken {
  readonly script?: string;
}

/** What an engineer sends to the customer, in the customer's language and not the engineer's. */
export const customerAnswer = (
  ticket: string,
  token: IssuedToken & AnswerToken,
  locale: Locale,
): string => {
  const inLanguage = { locale };
  // The time zone is named: the customer's is another one.
  const until = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(new Date(token.expiresAt));
  return [
    m.answer_greeting({ ticket }, inLanguage),
    `${m.answer_by_browser({}, inLanguage)}\n${token.uploadUrl}`,
    `${m.answer_by_curl({}, inLanguage)}\n${token.curl}`,
    ...(token.script ? [`${m.answer_by_script({}, inLanguage)}\n${token.script}`] : []),
    m.answer_limits({ count: token.attemptsLeft, until }, inLanguage),
  ].join('\n\n');
};
