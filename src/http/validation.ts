import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ValidationFailed } from '../errors/errors.js';
import type { FieldError } from '../errors/domain-error.js';

const fieldsOf = (errors: readonly ValidationError[], parent = ''): FieldError[] =>
  errors.flatMap((error) => [
    ...Object.values(error.constraints ?? {}).map((message) => ({
      // The name is the client's own text: bounded, since everything that is echoed should be.
      field: `${parent}${error.property}`.slice(0, 100),
      message: message.slice(0, 300),
    })),
    ...fieldsOf(error.children ?? [], `${parent}${error.property}.`),
  ]);

/** The one validation of bodies and queries: unknown fields are refused, nothing is converted by guess. */
export const validationPipe = (): ValidationPipe =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => new ValidationFailed(fieldsOf(errors)),
  });
