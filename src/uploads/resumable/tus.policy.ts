/** What this service speaks (tus resumable upload protocol 1.0.0). */
export const tusVersion = '1.0.0';

export const tusExtensions = [
  'creation',
  'creation-with-upload',
  'creation-defer-length',
  'checksum',
  'termination',
  'expiration',
] as const;

export const tusBody = 'application/offset+octet-stream';

/** The SHA-256 of `Upload-Checksum`, in lower-case hex; null where it is not `sha256 <base64>`. */
export const claimedChecksum = (field: string): string | null => {
  const match = /^sha256 ([A-Za-z0-9+/]{43}=)$/.exec(field.trim());
  return match?.[1] ? Buffer.from(match[1], 'base64').toString('hex') : null;
};

/** The methods that a client which cannot send them may name in a POST. */
export const overridable = ['PATCH', 'DELETE', 'HEAD'];

/** The method that is meant (section 3.2, "X-HTTP-Method-Override"). */
export const meantMethod = (method: string, override: string | undefined): string => {
  const named = override?.trim().toUpperCase() ?? '';
  return method === 'POST' && overridable.includes(named) ? named : method;
};

/** The file's name, as browsers' and other clients put it into Upload-Metadata; '' where there is none. */
export const nameIn = (metadata: Readonly<Record<string, string | null>> | undefined): string =>
  metadata?.['filename'] ?? metadata?.['name'] ?? '';

/** Whole numbers from 0 that JavaScript counts exactly. */
export const isByteCount = (field: string): boolean =>
  /^(0|[1-9]\d*)$/.test(field) && Number.isSafeInteger(Number(field));
