import { Global, Module } from '@nestjs/common';
import { BlobOwners } from './blob-owners.js';
import { BlobRegister } from './blob-register.service.js';
import { DerivedBlobs } from './derived-blobs.service.js';
import { Tombstones } from './tombstones.service.js';

/** Who owns which bytes. Any room that has blobs registers them here. */
@Global()
@Module({
  providers: [BlobOwners, BlobRegister, DerivedBlobs, Tombstones],
  exports: [BlobOwners, BlobRegister, DerivedBlobs, Tombstones],
})
export class BlobsModule {}
