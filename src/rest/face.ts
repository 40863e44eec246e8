import type { z } from 'zod';
import type { Problem } from '../errors/catalogue.ts';
import type { Operation } from './operation.ts';

type Told = Pick<Problem, 'code' | 'status'>;

/** How a face's system says what went wrong; null for an answer without a body. */
export type ErrorBody = {
  readonly type: 'application/json' | 'application/problem+json';
  readonly body: object;
} | null;

/** One of the three REST systems, as its clients know it. */
export type Face = {
  readonly name: 'directory' | 'conversations' | 'users';
  /** What every path of the face begins with. */
  readonly prefix: string;
  readonly title: string;
  readonly description: string;
  /** The names of the credentials in the documents, its own system's first. */
  readonly credentials: readonly [own: Credential, ...others: Credential[]];
  /** The name in the paths that must be the credential's tenant; null where paths do not say it. */
  readonly tenant: string | null;
  /** Names in the paths, with what they mean. */
  readonly names: Readonly<Record<string, z.ZodType>>;
  /** The groups of its operations, with what they are about. */
  readonly tags: Readonly<Record<string, string>>;
  readonly operations: readonly Operation[];
  /** The status that the system has for a problem; the catalogue's, where it has no other. */
  statusOf(problem: Told): number;
  errorBody(problem: Problem, status: number, instance: string): ErrorBody;
  /** The body of an error in the documents. */
  readonly error: z.ZodType;
};

/** The status of a problem in a face, of one operation where one was met. */
export const statusIn = (face: Face, operation: Operation | null, problem: Told): number =>
  operation?.statuses?.[problem.code] ?? face.statusOf(problem);

export type Credential = 'Bearer' | 'AccessKey' | 'AgentSecretKey';
