import type { Config } from '../config/config.js';
import { storageTarget } from '../config/load-config.js';
import type { BlobStore } from './blob-store.js';
import { LocalDisk } from './local-disk.js';

/** The store that STORAGE_URL leads to. The SDK of S3 takes its time and memory, so it is loaded only where it is used. */
export const openStore = async (config: Config): Promise<BlobStore> => {
  const target = storageTarget(config);
  if (target.kind === 'file') return new LocalDisk(target.folder);
  // Its versions are ours to choose: a warning about those to come is no operator's business.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const { S3Store } = await import('./s3/s3-store.js');
  return new S3Store(target.address);
};
