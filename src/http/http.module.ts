import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Config } from '../config/config.js';
import { Addresses } from './addresses.js';
import { Draining } from './draining.js';
import { RateLimitGuard, rateLimits } from './rate-limit.js';
import { RequestWindows, RequestWindowsModule } from './request-windows.js';

/** What all routes share. The rate limit comes before the access guard: imported first, it runs first. */
@Global()
@Module({
  imports: [
    RequestWindowsModule,
    ThrottlerModule.forRootAsync({
      imports: [RequestWindowsModule],
      inject: [Config, RequestWindows],
      useFactory: rateLimits,
    }),
  ],
  providers: [Addresses, Draining, { provide: APP_GUARD, useClass: RateLimitGuard }],
  exports: [Addresses, Draining, RequestWindowsModule],
})
export class HttpModule {}
