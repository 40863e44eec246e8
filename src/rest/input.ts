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

type Path = readonly (string | number)[];

const detailOf = ([first, ...more]: readonly [Violation, ...Violation[]]) =>
  `${first.path.join('.') || 'the body'}: ${first.message}${more.length > 0 ? `, and ${more.length} more` : ''}`;

/**
 * Throws what a rule threw. Parts of its input that have other names in the face are told by these: `rename` gets a
 * path below the rule's input, and returns null to leave it.
 */
export const named =
  (rename: (path: Path) => Path | null) =>
  (error: unknown): never => {
    if (!(error instanceof Problem) || !error.errors?.[0]) throw error;
    const errors = error.errors.map(({ path, message }) => {
      const below = path[0] === 'input' ? path.slice(1) : path;
      return { path: rename(below) ?? below, message };
    });
    const { code, status, retryAfter, existingId, field, cause } = error;
    const detail = code === 'VALIDATION_FAILED' ? detailOf(errors as [Violation, ...Violation[]]) : error.message;
    throw new Problem(code, detail, {
      status,
      errors,
      ...(retryAfter !== undefined && { retryAfter }),
      ...(existingId !== undefined && { existingId }),
      ...(field !== undefined && { field }),
      ...(cause !== undefined && { cause }),
    });
  };

/** The same for a rule that has other names for single parts of its input. */
export const namedBy = (names: Readonly<Record<string, Path>>) =>
  named(([first = '', ...rest]) => {
    const name = names[first];
    return name ? [...name, ...rest] : null;
  });

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
  const query = check(schemas.query, schemas.query && asObject(schemas.query, given.query, errors));
  const body = check(schemas.body, given.body);
  const [first, ...more] = errors;
  if (!first) return { query, body };
  throw new Problem('VALIDATION_FAILED', detailOf([first, ...more]), { errors });
}

/** The parameters of a query, those that the schema knows under its own spelling: case makes no difference there. */
function asObject(schema: z.ZodType, query: URLSearchParams, errors: Violation[]): Record<string, string> {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const spelled = new Map(known.map((name) => [name.toLowerCase(), name]));
  const values = new Map<string, string>();
  for (const [given, value] of query) {
    const name = spelled.get(given.toLowerCase()) ?? given;
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
