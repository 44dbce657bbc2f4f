import type { BlobKey } from '../blob-store.js';
import { isBlobKey } from '../blob-store.js';

/** All that is not finished lies below it, so that one listing finds what a crash has left. */
export const partialFolder = 'partial/';

/** A piece of a partial blob, an object of its own. */
export interface Segment {
  readonly name: string;
  /** Where in the blob it begins. */
  readonly offset: number;
  readonly size: number;
  /** Each request that appends has a turn of its own, higher than all before it. */
  readonly turn: number;
}

export const partialFolderOf = (key: BlobKey): string => `${partialFolder}${key}/`;

const digits = (number: number, width: number): string => String(number).padStart(width, '0');

export const segmentName = (key: BlobKey, offset: number, turn: number): string =>
  `${partialFolderOf(key)}${digits(offset, 14)}-${digits(turn, 8)}`;

const segmentPattern = /^(\d{14})-(\d{8})$/;
const multipartPrefix = 'upload-';

/**
 * Remembers a multipart upload, which no listing of objects shows. Not every store lists unfinished uploads, and some
 * only those of one exact name. It is written before the first part is: what a crash leaves between the two is an
 * upload without bytes.
 */
export const multipartName = (key: BlobKey, uploadId: string): string =>
  `${partialFolderOf(key)}${multipartPrefix}${Buffer.from(uploadId).toString('base64url')}`;

export type Unfinished =
  | ({ readonly kind: 'segment'; readonly key: BlobKey } & Segment)
  | { readonly kind: 'multipart'; readonly key: BlobKey; readonly uploadId: string };

/** @returns what an object below `partial/` is; null where it is none of ours */
export const unfinished = (name: string, size: number): Unfinished | null => {
  const [folder, key = '', file = '', ...rest] = name.split('/');
  if (`${folder}/` !== partialFolder || !isBlobKey(key) || rest.length > 0) return null;
  const [, offset, turn] = segmentPattern.exec(file) ?? [];
  if (offset !== undefined)
    return { kind: 'segment', key, name, offset: Number(offset), size, turn: Number(turn) };
  if (!file.startsWith(multipartPrefix)) return null;
  const uploadId = Buffer.from(file.slice(multipartPrefix.length), 'base64url').toString();
  return { kind: 'multipart', key, uploadId };
};

/**
 * The segments that the blob consists of, from its first byte on. At each offset the highest turn counts: a short last
 * one is written anew with what follows. And the turns never fall on the way: what a request that was given up, or a
 * process that was taken for dead, still writes behind the end of its successor is not part of the blob. An empty one
 * holds its turn where there is nothing yet.
 */
export const chainOf = (segments: readonly Segment[]): readonly Segment[] => {
  const best = new Map<number, Segment>();
  for (const segment of segments)
    if (segment.turn > (best.get(segment.offset)?.turn ?? -1)) best.set(segment.offset, segment);
  const chain: Segment[] = [];
  for (let at = 0, turn = 0; ;) {
    const next = best.get(at);
    if (!next || next.size === 0 || next.turn < turn) return chain;
    chain.push(next);
    at += next.size;
    turn = next.turn;
  }
};

export const endOf = (chain: readonly Segment[]): number => {
  const last = chain.at(-1);
  return last ? last.offset + last.size : 0;
};
