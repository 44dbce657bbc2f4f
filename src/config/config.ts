import { isIP } from 'node:net';
import { IsOptional } from 'class-validator';
import { s3Address } from './s3-address.js';
import { List, Secret, Text, WholeNumber } from './variable.js';

export const MiB = 1024 ** 2;
export const GiB = 1024 ** 3;
const year = 365 * 24 * 60 * 60;
/** Of what ends in a timer, in seconds: twice as long must fit, and a longer one (2^31 ms) would end at once. */
const longestTimer = 7 * 24 * 60 * 60;

const isCidr = (entry: string): boolean => {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
};

const isOrigin = (entry: string): boolean => {
  if (!URL.canParse(entry)) return false;
  const url = new URL(entry);
  return /^https?:$/.test(url.protocol) && url.origin === entry;
};

const canDecode = (text: string): boolean => {
  try {
    return decodeURIComponent(text) !== '';
  } catch {
    return false;
  }
};

export const databaseUrlForm = {
  /** A path that SQLite takes for a database in memory, or for a nameless one, would lose all at the end. */
  accepts: (text: string): boolean =>
    /^sqlite:(?!\s*(:memory:)?\s*$).+$/.test(text) ||
    (/^postgres(ql)?:\/\/.+$/.test(text) && canDecode(text)),
  may: '"sqlite:<path of a file>" or "postgres://user:password@host:5432/name", special characters as %XX',
} as const;

const isStorage = (text: string): boolean => /^file:.+$/.test(text) || s3Address(text) !== null;

/**
 * The whole configuration, read from the environment once (see load-config.ts).
 * One property a variable: its default, unit, meaning and bounds stand side by side.
 * Sizes are bytes, durations seconds. `.env.example` lists the same; a test compares the two.
 */
export class Config {
  /** Address to listen on. */
  @Text(/^[A-Za-z0-9.:_-]+$/, 'an IP address or host name')
  readonly HOST: string = '0.0.0.0';

  /** Port to listen on; 0 takes a free one. */
  @WholeNumber('', 0, 65_535)
  readonly PORT: number = 8000;

  /** Base of the links and curl lines that are handed out, with a path or without; if not given, from the request. */
  @IsOptional()
  @Text(
    (text) => /^https?:\/\/[^/?#\s@]+(\/[^?#\s]*)?$/.test(text) && URL.canParse(text),
    'an http or https address without query or fragment',
  )
  readonly PUBLIC_URL?: string;

  /** Folder of the database file, the archives and the generated secret. */
  @Text(/^[^\0]+$/, "a folder's path")
  readonly DATA_DIR: string = './data';

  /** Database; the default is `sqlite:<DATA_DIR>/logs-collector.sqlite`. */
  @IsOptional()
  @Secret(databaseUrlForm.accepts, databaseUrlForm.may)
  readonly DATABASE_URL?: string;

  /** Where the archives' bytes live; the default is `file:<DATA_DIR>/archives`. */
  @IsOptional()
  @Text(isStorage, '"file:<path of a folder>" or "s3://bucket/prefix?region=…&endpoint=https://…"')
  readonly STORAGE_URL?: string;

  /** Encrypts TOTP secrets and signs cookies; made at first start and kept in DATA_DIR if not given. */
  @IsOptional()
  @Secret(/^.{32,1024}$/su, 'at least 32 characters from a random source')
  readonly SECRET_KEY?: string;

  /** First admin, made at start where there is no user. */
  @IsOptional()
  @Text(/^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u, '1 to 64 letters, digits or . _ @ -')
  readonly ADMIN_USERNAME?: string;

  /** Password of the first admin. */
  @IsOptional()
  @Secret(/^.{10,256}$/su, '10 to 256 characters')
  readonly ADMIN_PASSWORD?: string;

  /** Largest upload, in bytes; a platform may lower it. */
  @WholeNumber('bytes', 1)
  readonly MAX_UPLOAD_BYTES: number = 10 * GiB;

  /** Free space, in bytes, that uploads never touch. */
  @WholeNumber('bytes', 0)
  readonly MIN_FREE_BYTES: number = GiB;

  /** Attempts of a new upload token. */
  @WholeNumber('attempts', 1, 1000)
  readonly TOKEN_ATTEMPTS: number = 5;

  /** Lifetime of a new upload token, in seconds. */
  @WholeNumber('seconds', 1, year)
  readonly TOKEN_LIFETIME: number = 604_800;

  /** Uploads in a row that stored nothing, after which a token locks. */
  @WholeNumber('uploads', 1)
  readonly TOKEN_MAX_FAILURES: number = 20;

  /** Proxies whose X-Forwarded-* headers are believed. */
  @List(isCidr, 'a comma-separated list of addresses or CIDRs, such as 10.0.0.0/8')
  readonly TRUSTED_PROXIES: readonly string[] = [];

  /** Seconds without a byte after which an upload is ended. */
  @WholeNumber('seconds', 1, longestTimer)
  readonly UPLOAD_IDLE_TIMEOUT: number = 60;

  /** Seconds without a request after which an unfinished resumable upload is dropped. */
  @WholeNumber('seconds', 1, year)
  readonly UPLOAD_EXPIRY: number = 86_400;

  /** Uploads under way at once; one token, and one address, may have seven of eight of them. */
  @WholeNumber('uploads', 1)
  readonly MAX_UPLOADS: number = 64;

  /** Requests a minute for each address on each route that takes a password or a code. */
  @WholeNumber('requests a minute', 1)
  readonly LOGIN_RATE: number = 10;

  /** Requests a minute for each address on the API. */
  @WholeNumber('requests a minute', 1)
  readonly API_RATE: number = 600;

  /** Seconds without a request after which a session ends. */
  @WholeNumber('seconds', 1, year)
  readonly SESSION_IDLE: number = 3600;

  /** Seconds after which a session ends in any case. */
  @WholeNumber('seconds', 1, year)
  readonly SESSION_LIFETIME: number = 43_200;

  /** Bearer secret of /metrics, 16 to 256 of A-Za-z0-9._~+/-; without it the route is 404. */
  @IsOptional()
  @Secret(
    /^(?=.{16,256}$)[A-Za-z0-9._~+/-]+=*$/,
    '16 to 256 letters, digits and ._~+/-, as a bearer token may',
  )
  readonly METRICS_TOKEN?: string;

  /** Whether the OpenAPI document and Swagger UI are served. */
  @Text(/^(on|off)$/, '"on" or "off"')
  readonly API_DOCS: string = 'on';

  /** Origins of other sites whose pages may upload with a token; no other route, and never with a session. */
  @List(isOrigin, 'a comma-separated list of origins, such as https://desk.example.com')
  readonly CORS_ORIGINS: readonly string[] = [];

  /** Connections to PostgreSQL. */
  @WholeNumber('connections', 2, 1000)
  readonly DATABASE_POOL: number = 10;

  /** How downloads from S3 are served. */
  @Text(/^(redirect|proxy)$/, '"redirect" or "proxy"')
  readonly S3_DOWNLOADS: string = 'redirect';

  /** Pace of the scheduled re-hashing, in bytes a second; 0 turns it off. */
  @WholeNumber('bytes a second', 0)
  readonly SCRUB_RATE_BYTES: number = 20_000_000;

  /** Least level that is logged. */
  @Text(
    /^(fatal|error|warn|info|debug|trace|silent)$/,
    'fatal, error, warn, info, debug, trace or silent',
  )
  readonly LOG_LEVEL: string = 'info';

  /** Seconds that uploads and jobs under way are given after SIGTERM. */
  @WholeNumber('seconds', 0, longestTimer)
  readonly SHUTDOWN_GRACE: number = 30;
}
