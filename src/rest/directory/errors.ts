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
