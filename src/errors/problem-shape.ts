import { z } from 'zod';

/** The members of what `problemDetails` returns, for descriptions of the service that machines read. */
export const problemShape = z
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
    field: z.string().optional().meta({ description: 'The field of the input that is wrong, where it is one.' }),
    existingId: z
      .string()
      .optional()
      .meta({ description: 'The id of what has the value that was to be unique, for those who may read it.' }),
  })
  .meta({ description: 'What went wrong (RFC 9457).' });
