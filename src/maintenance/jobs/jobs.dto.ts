import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { PageQuery } from '../../http/cursor.js';
import { MayBeAbsent, StorableText } from '../../http/fields.js';
import { PageView } from '../../http/page-view.js';
import { jobStates } from '../../jobs/job.entity.js';
import type { Job, JobState } from '../../jobs/job.entity.js';

export class JobsQuery extends PageQuery {
  @MayBeAbsent()
  @IsIn(jobStates)
  @ApiPropertyOptional({ enum: jobStates })
  readonly state?: JobState;

  @MayBeAbsent()
  @Length(1, 64)
  @StorableText()
  @ApiPropertyOptional({ description: 'What it does, as the list names it', maxLength: 64 })
  readonly kind?: string;
}

export class JobView {
  @ApiProperty({ example: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10' })
  readonly id!: string;
  @ApiProperty({ example: 'reading', description: 'What it does' })
  readonly kind!: string;
  @ApiProperty({ type: 'string', nullable: true, description: 'Id of what it is about' })
  readonly subject!: string | null;
  @ApiProperty({ enum: jobStates, description: 'A job that succeeded is in no list any more' })
  readonly state!: JobState;
  @ApiProperty({ type: 'integer', description: 'Runs begun since it was enqueued or retried' })
  readonly attempts!: number;
  @ApiProperty({
    format: 'date-time',
    description:
      'waiting: when it may run; running: when it counts as lost unless it is heard of; dead: when it failed',
  })
  readonly dueAt!: string;
  @ApiProperty({ type: 'string', nullable: true, description: 'Why the last run failed' })
  readonly lastError!: string | null;
}

export class JobPage extends PageView(JobView) {}

export const jobView = (job: Job): JobView => ({
  id: job.id,
  kind: job.kind,
  subject: job.subject,
  state: job.state,
  attempts: job.attempts,
  dueAt: job.dueAt.toISOString(),
  lastError: job.lastError,
});
