import { ApiProperty } from '@nestjs/swagger';

export class DownloadLinkView {
  @ApiProperty({ example: 'https://logs.example.com/api/v1/downloads/lcd_…' })
  readonly url!: string;
  @ApiProperty({ format: 'date-time' })
  readonly expiresAt!: string;
}
