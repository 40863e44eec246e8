import { z } from 'zod';
import type { Problem } from '../../errors/catalogue.ts';
import type { ErrorBody } from '../face.ts';

/** The system has no 401: who cannot be told is forbidden. */
export const statusOf = ({ code, status }: Pick<Problem, 'code' | 'status'>): number =>
  code === 'UNAUTHENTICATED' ? 403 : status;

const names: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  403: 'FORBIDDEN_ERROR',
  404: 'ENTITY_NOT_FOUND_ERROR',
  500: 'INTERNAL_SERVER_ERROR',
};

/** The system's own messages; every other problem is told by its code. */
const messages: Readonly<Partial<Record<Problem['code'], string>>> = {
  BAD_USER_INPUT: 'INVALID_REQUEST',
  VALIDATION_FAILED: 'INVALID_REQUEST',
  UNAUTHENTICATED: 'INVALID_CREDENTIALS',
  EXTERNAL_USER_NOT_FOUND: 'ENTITY_NOT_FOUND',
  NOT_FOUND: 'ENTITY_NOT_FOUND',
  INTERNAL: 'Internal Server Error',
};

/**
 * `{status, name, message, details}`. The details begin with the code and the sentence; each violation follows with
 * its place.
 */
export function errorBody({ code, message, errors = [] }: Problem, status: number): ErrorBody {
  const body = {
    status,
    name: names[status] ?? code,
    message: messages[code] ?? code,
    details: [
      { code, detail: message },
      ...errors.map(({ path, message }) => ({
        path: path[0] === 'input' ? path.slice(1).join('.') : path.join('.'),
        detail: message,
      })),
    ],
  };
  return { type: 'application/json', body };
}

export const ErrorShape = z
  .object({
    status: z.int().meta({ description: 'The HTTP status again.' }),
    name: z.string().meta({ description: 'The kind of error, for example `BAD_REQUEST`.' }),
    message: z.string().meta({ description: 'What is wrong, in a word, for example `USER_ALREADY_EXISTS`.' }),
    details: z
      .array(
        z.object({
          code: z.string().optional().meta({ description: 'The code of Rollcall’s catalogue of errors.' }),
          path: z.string().optional().meta({ description: 'The part of the input that is wrong.' }),
          detail: z.string().meta({ description: 'What is wrong, in a sentence.' }),
        }),
      )
      .meta({ description: 'The code with its sentence, and then each violation.' }),
  })
  .meta({ id: 'Error', description: 'What went wrong. The header `X-Request-Id` has the request’s id.' });
