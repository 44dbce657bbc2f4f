import { ApiProperty } from '@nestjs/swagger';
import { NewTicket, TicketView } from './tickets.dto.js';
import { Attempts, IssuedToken, Lifetime } from './tokens/upload-tokens.dto.js';

/** A ticket and its first token. */
export class OpenTicket extends NewTicket {
  @Attempts()
  readonly attempts?: number | undefined;

  @Lifetime()
  readonly lifetime?: number | undefined;
}

export class OpenedTicket {
  @ApiProperty({ type: TicketView })
  readonly ticket!: TicketView;
  @ApiProperty({ type: IssuedToken })
  readonly token!: IssuedToken;
}
