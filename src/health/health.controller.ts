import { Controller, Get, Res } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../http/allow.js';
import { Unlimited } from '../http/route-marks.js';
import { HealthView, LiveView } from './health.dto.js';
import { HealthService } from './health.service.js';

/** Probes of an orchestrator. They tell no version, path or error text: anybody may ask. */
@ApiTags('health')
@Controller()
@Unlimited()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('health/live')
  @Public()
  @ApiOperation({ summary: 'Whether the process serves' })
  @ApiOkResponse({ type: LiveView })
  live(): LiveView {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @Public()
  @ApiOperation({ summary: 'Whether it can do its work' })
  @ApiOkResponse({ type: HealthView })
  @ApiServiceUnavailableResponse({ type: HealthView })
  ready(@Res({ passthrough: true }) res: Response): Promise<HealthView> {
    return this.answer(res);
  }

  @Get('health')
  @Public()
  @ApiOperation({ summary: 'The same as /health/ready' })
  @ApiOkResponse({ type: HealthView })
  @ApiServiceUnavailableResponse({ type: HealthView })
  underApi(@Res({ passthrough: true }) res: Response): Promise<HealthView> {
    return this.answer(res);
  }

  private async answer(res: Response): Promise<HealthView> {
    const view = await this.health.check();
    if (view.status !== 'ok') res.status(503);
    return view;
  }
}
