import { GraphQLError } from 'graphql';

/** The error for a request that is not read, with the status of its answer. */
export const refused = (message: string, status: number): GraphQLError =>
  new GraphQLError(message, { extensions: { http: { status } } });

/** The error for more bytes than `limit`. */
export const tooLarge = (what: string, limit: number): GraphQLError =>
  refused(`${what} is larger than ${limit.toLocaleString('en')} bytes.`, 413);
