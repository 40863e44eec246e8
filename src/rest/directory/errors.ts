import { z } from 'zod';
import { type Problem, problemDetails } from '../../errors/catalogue.ts';
import type { ErrorBody } from '../face.ts';

/** An RFC 9457 problem; without a body where the credential does not verify. */
export function errorBody(problem: Problem, status: number, instance: string): ErrorBody {
  if (status === 401) return null;
  const errors = problem.errors?.map(({ path, message }) => ({
    path: path[0] === 'input' ? path.slice(1) : path,
    message,
  }));
  return {
    type: 'application/problem+json',
    body: { ...problemDetails(problem, instance), status, ...(errors && { errors }) },
  };
}

export const ErrorShape = z
  .object({
    type: z.string().meta({ description: 'The kind of problem, as a URN.' }),
    title: z.string().meta({ description: 'The kind of problem, in words.' }),
    status: z.int().meta({ description: 'The HTTP status again.' }),
    detail: z.string().meta({ description: 'What happened, in a sentence.' }),
    instance: z.string().meta({ description: 'The request’s id, as a URN: the header `X-Request-Id` has it too.' }),
    code: z.string().meta({ description: 'The code of Rollcall’s catalogue of errors.' }),
    retryAfter: z.int().optional().meta({ description: 'How many seconds to wait before another try.' }),
    errors: z
      .array(z.object({ path: z.array(z.union([z.string(), z.int()])), message: z.string() }))
      .optional()
      .meta({ description: 'Every violation, with its place in the input.' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong (RFC 9457).' });
