import { GiB } from '../../config/config.js';
import type { Config } from '../../config/config.js';
import type { BlobStore, Space } from '../../storage/blob-store.js';
import { StorageTrouble } from '../../storage/errors.js';
import { fail, ok, skip, warn } from '../finding.js';
import type { Finding } from '../finding.js';

const inGiB = (bytes: number): string => `${(bytes / GiB).toFixed(1)} GiB`;

/** @param space null where the storage has no bound of its own */
export const judgeSpace = (
  space: Space | null,
  { MIN_FREE_BYTES, MAX_UPLOAD_BYTES }: Pick<Config, 'MIN_FREE_BYTES' | 'MAX_UPLOAD_BYTES'>,
): Finding => {
  if (space === null) return ok('free-space', 'the storage has no bound of its own.');
  const { free, total } = space;
  const saw = `${inGiB(free)} of ${inGiB(total)} are free`;
  const room = free - MIN_FREE_BYTES;
  const change = 'a larger volume, or delete archives; give platforms a quota or a retention.';
  if (room <= 0) return fail('free-space', `${saw}: uploads are refused (MIN_FREE_BYTES).`, change);
  if (room < MAX_UPLOAD_BYTES)
    return warn(
      'free-space',
      `${saw}: an upload of ${inGiB(MAX_UPLOAD_BYTES)} (MAX_UPLOAD_BYTES) finds no room.`,
      change,
    );
  return ok('free-space', `${saw}.`);
};

const whatToCheck = {
  S3: 'bucket, prefix, region and endpoint in STORAGE_URL',
  disk: 'mount it or give it to the service’s user, or correct STORAGE_URL',
};

/** @param kind what STORAGE_URL begins with. @param storeId null where the database does not say */
export const checkStorage = async (
  store: BlobStore,
  storeId: string | null,
  kind: 'S3' | 'disk',
  config: Config,
): Promise<readonly Finding[]> => {
  if (storeId === null)
    return [skip('storage', 'no service has started on this database yet, or it does not answer.')];
  try {
    // It takes nothing: a folder without this database's mark stays as it is.
    await store.claim(storeId, false);
    await store.rehearse();
    return [
      ok('storage', `${kind}: it is this database's, and takes and gives back bytes.`),
      judgeSpace(await store.space(), config),
    ];
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const { saw, check } =
      why instanceof StorageTrouble
        ? why
        : {
            saw: `${kind}: ${why instanceof Error ? why.message : 'it does not answer'}`,
            check: whatToCheck[kind],
          };
    return [fail('storage', `${saw}.`, `${check}; see "Storage gone" in docs/operations.md.`)];
  }
};
