import type { Contender, ContenderName } from './contenders/contender.ts';
import { postgraphile } from './contenders/postgraphile.ts';
import { pothosPrisma } from './contenders/pothos-prisma.ts';
import { rollcall } from './contenders/rollcall.ts';
import { at, type Json } from './json.ts';
import type { OperationName } from './operations.ts';

const limit: Contender = {
  name: 'limit',
  title: 'limit: node:http, one prepared statement',
  program: 'servers/limit.ts',
  isService: false,
  dialect: async () => ({
    body: (operation, { tenantId, key, userId }) => ({ operation, variables: { tenantId, key, userId } }),
    answer: (_, data) => data,
  }),
};

/** Another checkout of the service, which --previous names. */
const previous: Contender = {
  ...rollcall,
  name: 'previous',
  title: 'Rollcall, the previous build',
};

/** The service's REST faces, with the two operations in which they say at least what the graph is asked for. */
const rest: Contender = {
  ...rollcall,
  name: 'rest',
  title: 'Rollcall by REST',
  operations: ['participant', 'externalUser'],
  dialect: async () => ({
    body: () => ({}),
    path: (operation, { tenantId, key }) =>
      operation === 'participant'
        ? `/v1/tenants/${tenantId}/participants/${key}`
        : `/external/users/search?email=${encodeURIComponent(key)}`,
    answer(operation, data) {
      if (operation === 'participant') {
        const createdAt = new Date(at(data, 'createdAt') as number).toISOString();
        return { ...some(data, 'id', 'kind', 'displayName', 'email'), createdAt };
      }
      const user = some(at(data, 'user'), 'id', 'firstName', 'lastName', 'email', 'phoneNumber');
      return { user, conversationIds: at(data, 'conversationIds') };
    },
  }),
};

/** These members of an object; null for those that it lacks, as the users face has it. */
const some = (value: Json, ...names: string[]): { [name: string]: Json } =>
  Object.fromEntries(names.map((name) => [name, (value as { [name: string]: Json })[name] ?? null]));

const all = { pothosPrisma, postgraphile, previous, rest, rollcall, limit };

export const contenderNamed = (name: ContenderName): Contender => all[name];

/** Those of the contenders that have the operation. */
export const whoHave = (operation: OperationName, contenders: readonly ContenderName[]): ContenderName[] =>
  contenders.filter((name) => contenderNamed(name).operations?.includes(operation) ?? true);

/** The one whose throughput is 1. */
export const baseline: ContenderName = 'postgraphile';
