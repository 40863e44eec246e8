import { z } from 'zod';
import { Problem, type Violation } from '../errors/catalogue.ts';

/** The input of a call after its operation's schemas, or what is wrong with each part of it. */
export type Parsed = { query: unknown; body: unknown };

function violationsOf(error: z.ZodError): Violation[] {
  return error.issues.flatMap((issue): Violation[] => {
    const path = issue.path as (string | number)[];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...path, key], message: 'is not known here' }));
    return [{ path, message: issue.message }];
  });
}

/** Checks query and body, all violations at once. Throws VALIDATION_FAILED. */
export function checkedInput(
  schemas: { query?: z.ZodType | undefined; body?: z.ZodType | undefined },
  given: { query: URLSearchParams; body: unknown },
): Parsed {
  const errors: Violation[] = [];
  const check = (schema: z.ZodType | undefined, value: unknown): unknown => {
    if (!schema) return undefined;
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    errors.push(...violationsOf(result.error));
    return undefined;
  };
  const query = check(schemas.query, schemas.query && asObject(given.query, errors));
  const body = check(schemas.body, given.body);
  const [first] = errors;
  if (!first) return { query, body };
  const where = first.path.join('.') || 'the body';
  const detail = `${where}: ${first.message}${errors.length > 1 ? `, and ${errors.length - 1} more` : ''}`;
  throw new Problem('VALIDATION_FAILED', detail, { errors });
}

function asObject(query: URLSearchParams, errors: Violation[]): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of query) {
    if (values.has(name)) errors.push({ path: [name], message: 'must be given once' });
    values.set(name, value);
  }
  return Object.fromEntries(values);
}

/** A whole number in a query, from `min` to `max`. */
export const integer = (min: number, max: number, description: string) =>
  z
    .string()
    .regex(/^-?\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`)
    .meta({ type: 'integer', minimum: min, maximum: max, description });

/** A switch in a query. */
export const flag = (description: string) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .transform((value) => value === 'true')
    .meta({ type: 'boolean', enum: undefined, description });

/** A JSON object of the caller's own; what may be in it is its rule's to say. */
export const freeObject = (description: string) =>
  z
    .custom<Record<string, unknown>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'must be a JSON object',
    )
    .meta({ type: 'object', additionalProperties: true, description });

/** A connection's page after another: where the next one begins, in the face's own words. */
export const uuid = (description: string) => z.uuid().meta({ description });
