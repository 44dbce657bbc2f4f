import { Global, Module } from '@nestjs/common';
import { Addresses } from './addresses.js';
import { Draining } from './draining.js';

/** What all routes share. */
@Global()
@Module({
  providers: [Addresses, Draining],
  exports: [Addresses, Draining],
})
export class HttpModule {}
