import { cleanFilename } from '../../http/filename.policy.js';

/** The digests that a side-car may claim. */
export type ClaimedAlgorithm = 'md5' | 'sha256';

/** What the name of a side-car says. */
export interface SideCar {
  /** Name of the file that it is about. */
  readonly file: string;
  readonly algorithm: ClaimedAlgorithm;
}

/** As people write them. */
export const nameOf: Readonly<Record<ClaimedAlgorithm, string>> = { md5: 'MD5', sha256: 'SHA-256' };

/** Most bytes of a side-car: a line for each of some dozens of files. */
export const maxSideCarBytes = 4096;

/** A form that may hold a side-car: with the boundaries, headers and fields around it. */
const maxSideCarFormBytes = 2 * maxSideCarBytes;

/** How long a claim waits for its file. */
export const claimMs = 24 * 60 * 60 * 1000;

/** `<name>.md5` and `<name>.sha256`, with something before the dot. */
const sideCarName = /^(?<file>.+)\.(?<algorithm>md5|sha256)$/is;

/** @param filename cleaned (http/filename.policy.ts). @returns null for the name of a file that is to be an archive */
export const sideCarOf = (filename: string): SideCar | null => {
  const { file = '', algorithm } = sideCarName.exec(filename)?.groups ?? {};
  if (algorithm === undefined) return null;
  return { file, algorithm: algorithm.toLowerCase() === 'md5' ? 'md5' : 'sha256' };
};

/**
 * Side-cars need no attempt, so that a request which may be one reserves nothing before its name is known: a form that
 * is small enough. Not one with a key: what that stands for decides whether its token may upload.
 * @param filename null where it comes with the body
 */
export const mayBeSideCar = (
  filename: string | null,
  declaredBytes: number | null,
  hasKey: boolean,
): boolean =>
  filename === null
    ? !hasKey && declaredBytes !== null && 0 < declaredBytes && declaredBytes <= maxSideCarFormBytes
    : sideCarOf(filename) !== null;

/** One digest in a side-car. */
interface Line {
  readonly digest: string;
  /** Null for a digest alone. */
  readonly filename: string | null;
}

const hexDigits: Readonly<Record<ClaimedAlgorithm, number>> = { md5: 32, sha256: 64 };
/** OpenSSL 3 writes SHA2-256. */
const bsdTags: Readonly<Record<ClaimedAlgorithm, string>> = { md5: 'MD5', sha256: 'SHA(?:2-)?256' };

/** A backslash before the line says that those in the name are escaped (GNU coreutils, "md5sum invocation"). */
const unescaped = (name: string): string =>
  name.replace(/\\([nr\\])/g, (_, sign: string) => ({ n: '\n', r: '\r' })[sign] ?? sign);

const lineIn = (text: string, algorithm: ClaimedAlgorithm): Line | null => {
  const hex = `(?<digest>[0-9a-f]{${hexDigits[algorithm]}})`;
  const forms = [
    `^(?<escaped>\\\\?)${hex}(?:(?: [ *]|[ \\t]+)(?<name>.+))?$`,
    `^(?<escaped>\\\\?)${bsdTags[algorithm]} ?\\((?<name>.+)\\) ?= ?${hex}$`,
  ];
  for (const form of forms) {
    const { digest, escaped, name } = new RegExp(form, 'i').exec(text)?.groups ?? {};
    if (digest === undefined) continue;
    const plain = escaped === '\\' ? unescaped(name ?? '') : name;
    // Without the path on the customer's machine, and what else the file's own name loses.
    return { digest: digest.toLowerCase(), filename: plain ? cleanFilename(plain) : null };
  }
  return null;
};

/**
 * The digest that a side-car claims of its file: a digest alone, as md5sum and sha256sum write it, or as BSD's md5
 * and OpenSSL do (`MD5 (name) = digest`). Of several lines the one that names the file counts.
 * @returns lower-case hex; null where there is none, or where two lines contradict each other
 */
export const claimedDigestIn = (text: string, { file, algorithm }: SideCar): string | null => {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/[\r\n]+/)
    .map((line) => lineIn(line.trim(), algorithm))
    .filter((line) => line !== null);
  const named = lines.filter(({ filename }) => filename === file);
  // Collectors hash under a temporary name and send under another: one line alone is about the file, whatever it says.
  const meant = new Set((named.length > 0 ? named : lines).map(({ digest }) => digest));
  return meant.size === 1 && (named.length > 0 || lines.length === 1)
    ? ([...meant][0] ?? null)
    : null;
};
