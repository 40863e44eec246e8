import { expect, test } from 'vitest';
import { readDatabaseUrl } from '../../src/database/database-url.ts';

test.each([
  ['postgres://u:p@one/db', [['one', null]], 'postgres://u:p@one/db', true],
  [
    'postgresql://u@one:1,two:2/db',
    [
      ['one', 1],
      ['two', 2],
    ],
    'postgresql://u@one:1/db',
    true,
  ],
  [
    'postgresql://one:1,[::1]:2/db?target_session_attrs=any&sslmode=require',
    [
      ['one', 1],
      ['::1', 2],
    ],
    'postgresql://one:1/db?sslmode=require',
    false,
  ],
  [
    'postgresql://u@/db?host=one,two&port=5433&target_session_attrs=read-write',
    [
      ['one', 5433],
      ['two', 5433],
    ],
    'postgresql://u@/db?host=one&port=5433',
    true,
  ],
  ['postgresql:///db', [[null, null]], 'postgresql:///db', true],
  [
    'postgresql://u:p%40ss,word@one,two/db',
    [
      ['one', null],
      ['two', null],
    ],
    'postgresql://u:p%40ss,word@one/db',
    true,
  ],
] as const)('%s', (text, servers, connectionString, writable) => {
  expect(readDatabaseUrl(text)).toEqual({
    servers: servers.map(([host, port]) => ({ host, port })),
    connectionString,
    writable,
    standby: false,
  });
});

test.each([
  ['mysql://one/db', /begins with postgres/],
  ['nonsense', /begins with postgres/],
  ['postgres://one:port/db', /host:port/],
  ['postgres://one:70000/db', /1 to 65535/],
  ['postgres://one,/db', /needs a host/],
  ['postgres://one/db?target_session_attrs=standby', /Rollcall writes/],
  ['postgres://u@/db?host=one,two&port=1,2,3', /as many ports as hosts/],
])('%s is refused in words', (text, message) => {
  expect(() => readDatabaseUrl(text)).toThrow(message);
});
