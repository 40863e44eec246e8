import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import { expect, test } from 'vitest';
import { isUnavailable, problemBehind, sqlState } from '../../src/database/failures.ts';
import { ConnectionError, DatabaseSetupError, databaseFault } from '../../src/database/faults.ts';

const sql = (code: string, message = 'said by PostgreSQL') =>
  Object.assign(new Error(message), { code, severity: 'ERROR' });

test.each([
  ['a closed connection, told by Prisma’s transaction control', new DriverAdapterError({ kind: 'ConnectionClosed' })],
  [
    'a closed connection, told by a statement of Prisma’s',
    Object.assign(new Error('Raw query failed. Message: `Server has closed the connection.`'), {
      code: 'P2010',
      meta: { driverAdapterError: new DriverAdapterError({ kind: 'ConnectionClosed' }) },
    }),
  ],
  ['a server that is away', new DriverAdapterError({ kind: 'DatabaseNotReachable' })],
  ['a silent socket', new DriverAdapterError({ kind: 'SocketTimeout' })],
  [
    'a backend that was stopped at the commit',
    new DriverAdapterError({ kind: 'postgres', originalCode: '57P01', originalMessage: '' } as never),
  ],
  ['a connection that was given up', new ConnectionError('no answer')],
  ['a pooler of the wrong mode', new DatabaseSetupError('transaction mode')],
  ['a read-only server', sql('25006')],
  ['a full disk', sql('53100')],
  ['a plan that is outdated', sql('0A000', 'cached plan must not change result type')],
  ['a statement that is no longer prepared', sql('26000')],
])('%s is an outage, with a time to come back', (_, error) => {
  expect(isUnavailable(error)).toBe(true);
  expect(problemBehind(error)).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
});

test.each([sql('23505'), sql('42601'), sql('0A000', 'not supported'), new Error('a fault of ours')])(
  '%s is none',
  (error) => {
    expect(isUnavailable(error)).toBe(false);
  },
);

test('a constraint’s code is found where Prisma’s adapter keeps it', () => {
  const error = new DriverAdapterError({ kind: 'postgres', originalCode: '23503', originalMessage: '' } as never);
  expect(sqlState(error)).toBe('23503');
});

test('a fault at start says in a line what it is, and whether to try again', () => {
  const refused = new ConnectionError('db:5432 cannot be used', {
    cause: sql('28P01', 'password authentication failed'),
  });
  expect(databaseFault(refused)).toEqual({
    kind: 'retry',
    message: 'db:5432 cannot be used: the password is wrong (password authentication failed)',
  });
  expect(databaseFault(new DatabaseSetupError('in words'))).toEqual({ kind: 'configuration', message: 'in words' });
  expect(databaseFault(sql('42601'))).toBeNull();
});
