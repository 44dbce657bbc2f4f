import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { actorOf } from '../../http/actor.js';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { idPipe } from '../../http/key.pipe.js';
import { JobOperations } from './job-operations.service.js';
import { JobPage, JobView, JobsQuery } from './jobs.dto.js';

const jobId = idPipe('job');

@ApiTags('jobs')
@Controller('jobs')
@Allow('admin')
export class JobsController {
  constructor(private readonly jobs: JobOperations) {}

  @Get()
  @ApiOperation({ summary: 'Work that waits, runs or has failed for good; newest first' })
  @ApiOkResponse({ type: JobPage })
  list(@Query() query: JobsQuery): Promise<JobPage> {
    return this.jobs.list(query);
  }

  @Post(':id/retry')
  @HttpCode(202)
  @ApiOperation({ summary: 'Let a dead job run again, with all its tries' })
  @ApiAcceptedResponse({ type: JobView })
  retry(@Param('id', jobId) id: string, @Caller() caller: CallerOf): Promise<JobView> {
    return this.jobs.retry(id, actorOf(caller));
  }
}
