import { z } from 'zod';
import type { Problem } from '../../errors/catalogue.ts';
import type { ErrorBody } from '../face.ts';

/** The system tells malformed input from everything else by 422. */
export const statusOf = ({ code, status }: Pick<Problem, 'code' | 'status'>): number =>
  code === 'VALIDATION_FAILED' || (code === 'BAD_USER_INPUT' && status === 400) ? 422 : status;

const codes: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'AccessDenied',
  404: 'ResourceNotFound',
  409: 'ResourceConflict',
  422: 'InvalidPayload',
  429: 'TooManyRequests',
  500: 'InternalError',
};

/** A code of the catalogue as the system spells its codes: `METHOD_NOT_ALLOWED` is `MethodNotAllowed`. */
const pascal = (code: string) =>
  code
    .split('_')
    .map((word) => `${word[0]}${word.slice(1).toLowerCase()}`)
    .join('');

/**
 * `{code, message, details}`; the details have the messages of each part of the input under its path, which begins
 * with a dot.
 */
export function errorBody({ code, message, errors }: Problem, status: number): ErrorBody {
  const details: Record<string, string[]> = {};
  for (const { path, message } of errors ?? []) {
    const place = `.${(path[0] === 'input' ? path.slice(1) : path).join('.')}`;
    details[place] = [...(details[place] ?? []), message];
  }
  const body = { code: codes[status] ?? pascal(code), message, ...(errors && { details }) };
  return { type: 'application/json', body };
}

export const ErrorShape = z
  .object({
    code: z
      .string()
      .regex(/^([A-Z][a-z]*)+$/)
      .meta({ description: 'The kind of error, for example `ResourceNotFound`.' }),
    message: z.string().meta({ description: 'What is wrong, in a sentence.' }),
    details: z.record(z.string(), z.array(z.string())).optional().meta({
      description: 'What is wrong with each part of the input, by its path, for example `.contact.identifierValue`.',
    }),
  })
  .meta({ id: 'Error', description: 'What went wrong. The header `X-Request-Id` has the request’s id.' });
