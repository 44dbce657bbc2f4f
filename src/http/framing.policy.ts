import type { IncomingMessage } from 'node:http';

/** What of a request says where it ends and whom it is for. */
export type Framing = Pick<IncomingMessage, 'httpVersion' | 'headersDistinct' | 'rawHeaders'>;

/** A browser sends twenty or so, and proxies add a few. */
export const maxHeaders = 500;

/**
 * What Node's parser lets pass although a proxy in front may have read it otherwise, as another request or one for
 * another host (RFC 9112, sections 2.3, 3.2 and 6.1). Two lengths, and a length beside chunks, the parser refuses.
 * @returns one sentence that says what to do instead; null where the request can be read in one way only
 */
export const ambiguityOf = ({
  httpVersion,
  headersDistinct,
  rawHeaders,
}: Framing): string | null => {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'Speak HTTP/1.1.';
  // Names and values take turns.
  if (rawHeaders.length > 2 * maxHeaders) return `Send fewer headers: ${maxHeaders} is the limit.`;
  const { host = [], 'transfer-encoding': codings } = headersDistinct;
  if (host.length > 1 || (host.length === 0 && httpVersion === '1.1'))
    return 'Name the host in one Host header.';
  if (codings === undefined) return null;
  // Of "gzip, chunked" Node would undo the chunks alone, and what is stored would be what nobody sent.
  const isChunked = codings.length === 1 && codings[0]?.toLowerCase() === 'chunked';
  // RFC 9112, section 6.1: no version before 1.1 knows of codings.
  return isChunked && httpVersion === '1.1'
    ? null
    : 'Send the body with its length, or with "Transfer-Encoding: chunked" alone.';
};

/** Whether bytes follow its headers; known before any of them is read. */
export const hasBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
