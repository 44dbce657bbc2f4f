/** What `STORAGE_URL=s3://bucket/prefix?region=&endpoint=` says. */
export interface S3Address {
  readonly bucket: string;
  /** Of every object's name: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Where it is not given, the SDK finds it as it finds the credentials. */
  readonly region: string | null;
  /** Of a store that is not Amazon's. */
  readonly endpoint: string | null;
}

/** A bucket as Amazon names them; without dots, which would break the certificate of a bucket's own host name. */
const bucketPattern = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
/** No segment of dots alone, no empty one: proxies and signatures disagree on those. */
const prefixPattern = /^(?!.*(^|\/)\.{1,2}(\/|$))[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;
const known = new Set(['region', 'endpoint']);

const isEndpoint = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
};

/**
 * Credentials have no place in it: it is shown in messages, and the SDK finds them where the machine keeps them.
 * @returns null where it is no such address
 */
export const s3Address = (text: string): S3Address | null => {
  if (!text.startsWith('s3://') || !URL.canParse(text)) return null;
  const { host: bucket, pathname, username, password, hash, searchParams } = new URL(text);
  if (`${username}${password}${hash}` !== '' || !bucketPattern.test(bucket)) return null;
  const path = pathname.replace(/^\/|\/$/g, '');
  if (path !== '' && !prefixPattern.test(path)) return null;
  const names = [...searchParams.keys()];
  if (names.some((name) => !known.has(name)) || new Set(names).size < names.length) return null;
  const region = searchParams.get('region') || null;
  if (region !== null && !/^[a-z0-9-]+$/.test(region)) return null;
  const endpoint = searchParams.get('endpoint') || null;
  if (endpoint !== null && !isEndpoint(endpoint)) return null;
  return { bucket, prefix: path === '' ? '' : `${path}/`, region, endpoint };
};
