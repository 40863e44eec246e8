import type { z } from 'zod';
import { Problem } from '../errors/catalogue.ts';

/** Returns the input after its rules (trimmed, normalised). Throws VALIDATION_FAILED with every violation at once. */
export function checked<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    path: ['input', ...(path as (string | number)[])],
    message,
  }));
  const [first] = errors;
  const detail = first ? `${first.path.slice(1).join('.') || 'input'} ${first.message}` : 'The input breaks a rule.';
  throw new Problem('VALIDATION_FAILED', errors.length > 1 ? `${detail}, and ${errors.length - 1} more` : detail, {
    errors,
  });
}
