import { applyDecorators } from '@nestjs/common';
import { IsInt, Matches, Max, Min, ValidateBy } from 'class-validator';

/** What the loader and the test of `.env.example` know about one environment variable. */
export interface Variable {
  readonly name: string;
  readonly kind: 'number' | 'text' | 'list';
  /** What it may hold, as the end of the sentence "X may hold …". */
  readonly may: string;
  /** A secret is never printed, and may come from the file named by `X_FILE`. */
  readonly secret: boolean;
}

const registry = new Map<string, Variable>();

export const variables = (): readonly Variable[] => [...registry.values()];

const variable =
  (kind: Variable['kind'], may: string, secret = false): PropertyDecorator =>
  (_target, key) => {
    const name = String(key);
    registry.set(name, { name, kind, may, secret });
  };

export const WholeNumber = (unit: string, min: number, max = Number.MAX_SAFE_INTEGER) =>
  applyDecorators(
    variable(
      'number',
      max === Number.MAX_SAFE_INTEGER
        ? `a whole number of ${unit}, ${min} or more`
        : `a whole number${unit && ` of ${unit}`} from ${min} to ${max}`,
    ),
    IsInt(),
    Min(min),
    Max(max),
  );

type Accepts = RegExp | ((text: string) => boolean);

const matching = (accepts: Accepts): PropertyDecorator =>
  accepts instanceof RegExp
    ? Matches(accepts)
    : ValidateBy({
        name: 'text',
        validator: { validate: (value: unknown) => typeof value === 'string' && accepts(value) },
      });

export const Text = (accepts: Accepts, may: string) =>
  applyDecorators(variable('text', may), matching(accepts));

export const Secret = (accepts: Accepts, may: string) =>
  applyDecorators(variable('text', may, true), matching(accepts));

/** A comma-separated list; each entry must satisfy `accepts`. */
export const List = (accepts: (entry: string) => boolean, may: string) =>
  applyDecorators(
    variable('list', may),
    ValidateBy({
      name: 'list',
      validator: {
        validate: (value: unknown) =>
          Array.isArray(value) &&
          value.every((entry) => typeof entry === 'string' && accepts(entry)),
      },
    }),
  );
