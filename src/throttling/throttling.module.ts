import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Config } from '../config/config.js';
import { FailuresService } from './failures.service.js';
import { RateLimitGuard, rateLimits } from './rate-limit.guard.js';
import { RequestWindows } from './request-windows.js';
import { SourcesService } from './sources.service.js';

@Module({ providers: [RequestWindows], exports: [RequestWindows] })
class RequestWindowsModule {}

/** Request rates, wrong credentials and lockouts. Its guard runs before the one of auth/, whose modules import it. */
@Module({
  imports: [
    RequestWindowsModule,
    ThrottlerModule.forRootAsync({
      imports: [RequestWindowsModule],
      inject: [Config, RequestWindows],
      useFactory: rateLimits,
    }),
  ],
  providers: [FailuresService, SourcesService, { provide: APP_GUARD, useClass: RateLimitGuard }],
  exports: [FailuresService, SourcesService],
})
export class ThrottlingModule {}
