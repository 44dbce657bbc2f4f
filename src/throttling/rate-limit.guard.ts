import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { isBulk, isUnlimited } from '../http/route-marks.js';
import { SourcesService } from './sources.service.js';

/** Holds API_RATE on every route that is not marked otherwise. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(private readonly sources: SourcesService) {}

  canActivate(context: ExecutionContext): boolean {
    if (!isUnlimited(context) && !isBulk(context))
      this.sources.takeRequest(context.switchToHttp().getRequest<Request>().ip ?? '');
    return true;
  }
}
