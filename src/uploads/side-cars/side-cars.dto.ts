import { ApiProperty } from '@nestjs/swagger';
import type { ClaimedAlgorithm } from './side-cars.policy.js';

/** What the customer gets for a side-car: it is kept as a claim, not as an archive. */
export class ClaimReceipt {
  @ApiProperty({ example: 'SUP-48213' })
  readonly ticket!: string;
  @ApiProperty({ example: 'logs.tgz.md5' })
  readonly filename!: string;
  @ApiProperty({ example: 'logs.tgz', description: 'name of the file that it is about' })
  readonly claims!: string;
  @ApiProperty({ enum: ['md5', 'sha256'] })
  readonly algorithm!: ClaimedAlgorithm;
  @ApiProperty({ description: 'lower-case hex', pattern: '^([0-9a-f]{32}|[0-9a-f]{64})$' })
  readonly digest!: string;
  @ApiProperty({
    enum: ['pending', 'matched'],
    description: 'pending: it waits 24 h for the file; matched: the stored file has this digest',
  })
  readonly state!: 'pending' | 'matched';
}
