import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { storageFolder } from '../config/load-config.js';
import { BlobStore } from './blob-store.js';
import { FreeSpace } from './free-space.js';
import { LocalDisk } from './local-disk.js';

@Global()
@Module({
  providers: [
    {
      provide: BlobStore,
      inject: [Config],
      useFactory: (config: Config) => new LocalDisk(storageFolder(config)),
    },
    FreeSpace,
  ],
  exports: [BlobStore, FreeSpace],
})
export class StorageModule {}
