import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, Length, ValidateBy } from 'class-validator';
import type { Role } from '../../http/allow.js';
import { MayBeAbsent, StorableText } from '../../http/fields.js';
import { PageView } from '../../http/page-view.js';
import { passwordLength } from './password.policy.js';
import { methodsOf } from '../accounts/methods.policy.js';
import type { User } from '../accounts/user.entity.js';
import { isUsername, usernameMessage, usernamePattern } from './username.policy.js';

export const roles = ['engineer', 'admin'] as const satisfies readonly Role[];

/** Name of a new user. */
export const Username = (): PropertyDecorator =>
  applyDecorators(
    ValidateBy({
      name: 'username',
      validator: { validate: isUsername, defaultMessage: () => usernameMessage },
    }),
    ApiProperty({ example: 'ann', minLength: 1, maxLength: 64, pattern: usernamePattern.source }),
  );

/** A password to be set; password.policy.ts says more. */
export const NewPassword = (): PropertyDecorator =>
  applyDecorators(
    Length(passwordLength.min, passwordLength.max, {
      message: '$property must have $constraint1 to $constraint2 characters',
    }),
    StorableText(),
    ApiProperty({
      example: 'correct horse battery staple',
      minLength: passwordLength.min,
      maxLength: passwordLength.max,
      format: 'password',
    }),
  );

/** A password to be compared. */
export const GivenPassword = (): PropertyDecorator =>
  applyDecorators(
    Length(1, passwordLength.max),
    StorableText(),
    ApiProperty({
      example: 'correct horse battery staple',
      maxLength: passwordLength.max,
      format: 'password',
    }),
  );

export class CreateUser {
  @Username()
  readonly username!: string;

  @NewPassword()
  readonly password!: string;

  @IsIn(roles)
  @ApiProperty({ enum: roles })
  readonly role!: Role;
}

export class ChangeUser {
  @MayBeAbsent()
  @IsIn(roles)
  @ApiPropertyOptional({ enum: roles })
  readonly role?: Role;

  @MayBeAbsent()
  @IsBoolean()
  @ApiPropertyOptional({ description: 'A disabled user cannot sign in, and is signed out at once' })
  readonly disabled?: boolean;
}

export class UserView {
  @ApiProperty({ example: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10' })
  readonly id!: string;
  @ApiProperty({ example: 'ann' })
  readonly username!: string;
  @ApiProperty({ enum: roles })
  readonly role!: Role;
  @ApiProperty()
  readonly disabled!: boolean;
  @ApiProperty({ description: 'Whether a second factor is enrolled' })
  readonly secondFactor!: boolean;
  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
}

export class UserPage extends PageView(UserView) {}

export const userView = ({
  id,
  username,
  role,
  disabled,
  totpSecret,
  passkeys,
  createdAt,
}: User): UserView => ({
  id,
  username,
  role,
  disabled,
  secondFactor: methodsOf({ totpSecret, passkeys }).length > 0,
  createdAt: createdAt.toISOString(),
});
