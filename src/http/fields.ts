import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy, ValidateIf, isISO8601 } from 'class-validator';

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

/** ISO 8601 has more forms than JavaScript reads (weeks, days of the year, a comma); this is what both agree on. */
const isInstantText = (text: unknown): boolean =>
  typeof text === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text) &&
  isISO8601(text, { strict: true, strictSeparator: true });

/** A moment in ISO 8601. Without a zone it would be the time of wherever the service runs. */
export const InstantText = (): PropertyDecorator =>
  ValidateBy({
    name: 'instantText',
    validator: {
      validate: isInstantText,
      defaultMessage: () =>
        '$property must be a date, a time and a zone, such as 2027-01-31T00:00:00Z',
    },
  });

/** "true" and "false" of a query string; anything else stays as it is and fails the check that follows. */
export const QueryFlag = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      value === 'true' ? true : value === 'false' ? false : value,
    ),
  );
