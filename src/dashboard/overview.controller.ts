import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { personOf } from '../http/actor.js';
import { Allow, Caller, Unattended } from '../http/allow.js';
import type { CallerOf } from '../http/allow.js';
import { OverviewView, StorageHistoryView } from './overview.dto.js';
import { OverviewService } from './overview.service.js';
import { WatchersService } from './watchers.service.js';

@Controller()
export class OverviewController {
  constructor(
    private readonly overview: OverviewService,
    private readonly watchers: WatchersService,
  ) {}

  @Get('overview')
  @Allow('tickets:read')
  @Unattended()
  @ApiTags('overview')
  @ApiOperation({
    summary: 'What waits, what comes in, and what is wrong',
    description:
      'Asking it keeps no session alive. An API key without archives:read or storage:read sees less.',
  })
  @ApiOkResponse({ type: OverviewView })
  look(@Caller() caller: CallerOf): Promise<OverviewView> {
    return this.overview.seenBy(caller);
  }

  @Get('overview/events')
  @Allow('engineer')
  @Unattended()
  @ApiTags('overview')
  @ApiOperation({
    summary: 'The same, live',
    description:
      'Server-sent events. `overview`: the board (OverviewView) as JSON, at once and with each change, at most once a ' +
      'second. `unavailable`: it cannot be read just now; another `overview` follows. `ended`: the session has ended, ' +
      'and this stream with it. `beat`: every fifteen seconds, so that a dead line is noticed. Listening keeps no session alive. At most four streams a session; one more is 429.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'A stream of events', schema: { type: 'string' } })
  events(@Caller() caller: CallerOf, @Req() req: Request, @Res() res: Response): void {
    // A HEAD has no body to wait for.
    if (req.method === 'HEAD') res.type('text/event-stream').end();
    else this.watchers.watch(personOf(caller), res);
  }

  @Get('storage/history')
  @Allow('storage:read')
  @ApiTags('storage')
  @ApiOperation({
    summary: 'What was stored on each of the last 30 days, and how long the room lasts',
  })
  @ApiOkResponse({ type: StorageHistoryView })
  history(): Promise<StorageHistoryView> {
    return this.overview.history();
  }
}
