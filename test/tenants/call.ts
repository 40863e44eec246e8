import type { ErrorCode } from '../../src/errors/catalogue.ts';
import type { World } from './world.ts';

/** What a call from inside one tenant that names what is another's must come to. */
export type Outcome =
  /** A query finds nothing. */
  | 'nothing'
  /** It works, and what it answers holds nothing of the other tenant's. */
  | 'own'
  /** It is refused as if the thing did not exist. */
  | ErrorCode;

/** One call of a root field, from `mine`, with ids of `theirs`. */
export type Call = { args: (mine: World, theirs: World) => Record<string, unknown>; outcome: Outcome };

/** A call with those arguments that comes to that. */
export const call = (outcome: Outcome, args: Call['args']): Call => ({ args, outcome });
/** A call that names nothing. */
export const own = call('own', () => ({}));
/** A call for each of the inputs. */
export const input = (outcome: Outcome, of: (mine: World, theirs: World) => object): Call =>
  call(outcome, (mine, theirs) => ({ input: of(mine, theirs) }));
