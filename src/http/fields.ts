import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy, ValidateIf } from 'class-validator';

/** PostgreSQL refuses what SQLite swallows: NUL, and halves of surrogate pairs that UTF-8 cannot hold. */
export const isStorableText = (text: unknown): text is string =>
  typeof text === 'string' && !text.includes('\0') && text.isWellFormed();

export const StorableText = (): PropertyDecorator =>
  ValidateBy({
    name: 'storableText',
    validator: {
      validate: isStorableText,
      defaultMessage: () => '$property must be text without NUL characters',
    },
  });

/** Unlike @IsOptional, absent is not null: a field may be left out, and null is refused. */
export const MayBeAbsent = (): PropertyDecorator =>
  ValidateIf((_object: object, value: unknown) => value !== undefined);

/** "true" and "false" of a query string; anything else stays as it is and fails the check that follows. */
export const QueryFlag = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      value === 'true' ? true : value === 'false' ? false : value,
    ),
  );
