import { ApiProperty } from '@nestjs/swagger';

const states = ['up', 'down'] as const;
export type CheckState = (typeof states)[number];

export class LiveView {
  @ApiProperty({ enum: ['ok'] })
  readonly status!: 'ok';
}

class ChecksView {
  @ApiProperty({ enum: states, description: 'answers a query' })
  readonly database!: CheckState;
  @ApiProperty({ enum: states, description: 'takes and gives back a file' })
  readonly storage!: CheckState;
  @ApiProperty({ enum: states, description: 'more than MIN_FREE_BYTES are free' })
  readonly freeSpace!: CheckState;
  @ApiProperty({ enum: states, description: 'down while the service shuts down' })
  readonly accepting!: CheckState;
}

export class HealthView {
  @ApiProperty({ enum: ['ok', 'error'] })
  readonly status!: 'ok' | 'error';
  @ApiProperty({ type: ChecksView })
  readonly checks!: ChecksView;
}
