import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { FailuresService } from './failures.service.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { SourcesService } from './sources.service.js';

/** Request rates, wrong credentials and lockouts. Its guard runs before the one of auth/, whose modules import it. */
@Module({
  providers: [FailuresService, SourcesService, { provide: APP_GUARD, useClass: RateLimitGuard }],
  exports: [FailuresService, SourcesService],
})
export class ThrottlingModule {}
