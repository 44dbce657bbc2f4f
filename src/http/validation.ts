import { ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ValidationFailed } from '../errors/errors.js';
import type { FieldError } from '../errors/domain-error.js';
import { secretPattern } from '../secrets/secrets.js';

/** An unknown field's name is the client's own text: it is bounded, and no place to put a token either. */
const echoed = (text: string, most: number): string =>
  text.replace(secretPattern, '[secret]').slice(0, most);

const fieldsOf = (errors: readonly ValidationError[], parent = ''): FieldError[] =>
  errors.flatMap((error) => [
    ...Object.values(error.constraints ?? {}).map((message) => ({
      field: echoed(`${parent}${error.property}`, 100),
      message: echoed(message, 300),
    })),
    ...fieldsOf(error.children ?? [], `${parent}${error.property}.`),
  ]);

/**
 * Names that class-transformer passes over without a word: they would neither be taken nor refused as unknown.
 */
const passedOver = new Set(['__proto__', 'constructor', 'prototype']);

class StrictValidationPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && typeof value === 'object' && value !== null) {
      const unknown = Object.keys(value).filter((name) => passedOver.has(name));
      if (unknown.length > 0)
        throw new ValidationFailed(
          unknown.map((field) => ({ field, message: `property ${field} should not exist` })),
        );
    }
    return super.transform(value, metadata);
  }
}

/** The one validation of bodies and queries: unknown fields are refused, nothing is converted by guess. */
export const validationPipe = (): ValidationPipe =>
  new StrictValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => new ValidationFailed(fieldsOf(errors)),
  });
