import { ValidationFailed } from '../errors/errors.js';
import { holdsSecret } from '../secrets/secrets.js';

/** Longest name kept, in characters (code points, as PostgreSQL counts them). */
const maxFilenameLength = 255;

/** An extension longer than this is no extension. */
const maxExtensionLength = 32;

/** Stands for a name of which nothing is left. */
const nameless = 'unnamed';

/** C0, DEL, C1, line and paragraph separators, bidirectional marks, embeddings, overrides and isolates, BOM. */
const unwanted =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Up to two short extensions, so that ".tar.gz" stays whole. */
const extensionOf = (name: string): string =>
  /^.+?((?:\.[A-Za-z0-9]{1,5})?\.[^.\s]{1,31})$/su.exec(name)?.[1] ?? '';

/**
 * The customer's name for a file, as it is kept and offered back: as sent, less its path (in both styles), control
 * and bidirectional characters and outer spaces (RFC 6266, section 4.3), cut to 255 characters with its extension kept.
 */
export const cleanFilename = (sent: string): string => {
  const base = sent.toWellFormed().replace(unwanted, '').split(/[/\\]/).at(-1)?.trim() ?? '';
  if (base === '' || base === '.' || base === '..' || base === '~') return nameless;
  const characters = [...base];
  if (characters.length <= maxFilenameLength) return base;
  const extension = [...extensionOf(base)];
  const kept = extension.length <= maxExtensionLength ? extension : [];
  return [...characters.slice(0, maxFilenameLength - kept.length), ...kept].join('');
};

/**
 * The name under which an upload is kept. A token in its place, as in `PUT /archives/<token>`, would stand in the
 * archive's record, in lists, in the audit and on every page that shows them.
 * @throws ValidationFailed without the name where it holds a secret of ours, its path included
 */
export const acceptedFilename = (sent: string): string => {
  const name = cleanFilename(sent);
  // Also what is a secret only when the characters that nobody sees are gone.
  if (holdsSecret(sent) || holdsSecret(name))
    throw new ValidationFailed(
      [{ field: 'filename', message: 'filename must not hold an upload token or a key' }],
      'An upload token or a key stands where the name of the file belongs. Send the token in the header Upload-Token and name the file, for example logs.tgz.',
    );
  return name;
};
