import en from './messages/en.json';
import ru from './messages/ru.json';

/** Sentences of the page without scripts. The web UI shows some of them too, and is compiled from the same files. */
export const words = { en, ru } as const;
export type Language = keyof typeof words;
export type Words = (typeof words)[Language];
export const languages: readonly Language[] = ['en', 'ru'];

/** Codes that mean something else in a form than in the web UI. */
const ofForms: Readonly<Record<string, (say: Words) => string>> = {
  'credentials-missing': (say) => say.plain_token_missing,
  'request-malformed': (say) => say.failure_multipart_malformed,
  'validation-failed': (say) => say.upload_checksum_unreadable,
  'digest-mismatch': (say) => say.upload_checksum_differs,
};

/** @param code of the API's errors; one that no form is refused with reads as an internal error */
export const refusal = (code: string, say: Words): string => {
  const sentences: Readonly<Record<string, unknown>> = say;
  const sentence = ofForms[code]?.(say) ?? sentences[`failure_${code.replaceAll('-', '_')}`];
  return typeof sentence === 'string' ? sentence : say.plain_internal_error;
};

/** As inlang's message format has it. */
interface Counted {
  readonly match: Readonly<Partial<Record<`form=${Intl.LDMLPluralRule}`, string>>>;
}

export const attemptsLeft = (count: number, language: Language): string => {
  const say = words[language];
  if (count === 0) return say.plain_attempts_none;
  const [counted]: readonly Counted[] = say.plain_attempts_left;
  const sentence = counted?.match[`form=${new Intl.PluralRules(language).select(count)}`];
  return (sentence ?? '').replace('{count}', String(count));
};
