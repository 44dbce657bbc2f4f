import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, MaxLength } from 'class-validator';
import { StorableText } from '../../http/fields.js';
import { GivenPassword, NewPassword, Username } from '../users/users.dto.js';

export class LoginInput {
  /** Any text: whether a name could exist is not told apart from whether it does. */
  @Length(1, 64)
  @StorableText()
  @ApiProperty({ example: 'ann', maxLength: 64 })
  readonly username!: string;

  @GivenPassword()
  readonly password!: string;
}

export class SetupInput {
  @IsString()
  @MaxLength(100)
  @ApiProperty({
    example: 'lcs_V1StGXR8Z5jdHi6BmyT0aQxK3nE7wLpU',
    maxLength: 100,
    description: 'The fragment of the set-up link in the log of the first start',
  })
  readonly token!: string;

  @Username()
  readonly username!: string;

  @NewPassword()
  readonly password!: string;
}

export class ChangePassword {
  @GivenPassword()
  readonly current!: string;

  @NewPassword()
  readonly next!: string;
}
