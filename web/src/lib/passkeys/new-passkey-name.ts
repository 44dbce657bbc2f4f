import { browserIn } from '../browsers/browser-name.js';
import { m } from '../../paraglide/messages.js';

/** What a new passkey is called until its owner says better: the browser and system that it was made with. */
export const newPasskeyName = (): string => {
  const { name, system } = browserIn(navigator.userAgent);
  const parts = [name?.replace(/ \d+$/, ''), system].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : m.passkey();
};
