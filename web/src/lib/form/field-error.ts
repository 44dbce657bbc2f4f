import { language } from '../locale/language.svelte.js';
import type { Submission } from './submission.svelte.js';

/**
 * What is wrong with a field. The service says it in English and says it best; in another language it is the form's own
 * sentence on what the field may hold.
 */
export const fieldError = (
  submission: Submission,
  field: string,
  rule: () => string,
): string | null => {
  const message = submission.against(field);
  if (message === null) return null;
  return language.current === 'en'
    ? `${message.replace(/^./, (first) => first.toUpperCase())}.`
    : rule();
};
