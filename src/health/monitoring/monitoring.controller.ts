import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../http/allow.js';
import { Metrics } from '../../metrics/metrics.js';

/** Figures for Prometheus; docs/operations.md says which to watch. */
@ApiTags('health')
@Controller()
export class MonitoringController {
  constructor(private readonly metrics: Metrics) {}

  @Get('metrics')
  @Allow('metrics')
  @ApiOperation({ summary: 'Figures, in the text format of Prometheus' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  figures(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
