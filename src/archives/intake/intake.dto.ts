import { ApiProperty } from '@nestjs/swagger';

/** What the customer gets for a stored archive; sent only when bytes and record are durable. */
export class Receipt {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;
  @ApiProperty({ example: 'SUP-48213' })
  readonly ticket!: string;
  @ApiProperty({ example: 'logs.tgz' })
  readonly filename!: string;
  @ApiProperty({ type: 'integer', description: 'bytes' })
  readonly size!: number;
  @ApiProperty({ description: 'SHA-256 of the bytes, lower-case hex', pattern: '^[0-9a-f]{64}$' })
  readonly sha256!: string;
  @ApiProperty({ format: 'date-time' })
  readonly uploadedAt!: string;
  @ApiProperty({ type: 'integer' })
  readonly attemptsLeft!: number;
}
