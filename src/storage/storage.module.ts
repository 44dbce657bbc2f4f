import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { BlobStore } from './blob-store.js';
import { FreeSpace } from './free-space.js';
import { openStore } from './open-store.js';

@Global()
@Module({
  providers: [
    {
      provide: BlobStore,
      inject: [Config],
      useFactory: (config: Config) => openStore(config),
    },
    FreeSpace,
  ],
  exports: [BlobStore, FreeSpace],
})
export class StorageModule {}
