import { describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf } from '../app.ts';
import { createExternalUser, joinAll, manyConversations } from '../conversations/factories.ts';
import { later, useApp } from '../use-app.ts';
import { externalUserCalls, fields, violations } from './calls.ts';

const service = useApp();
const tenant = later(() => service.tenant);
const { create, update, search } = externalUserCalls(() => tenant);

describe('createExternalUser', () => {
  test('keeps what it is given, the number as E.164', async () => {
    const input = {
      firstName: ' Grace ',
      email: ' Grace@Navy.mil',
      phoneNumber: '+1 (415) 555-0130',
      fkId: ' Rear Admiral ',
      fkUserId: '7',
      context: 'Support',
      source: 'webchat',
      metadata: { ranks: ['Lt', { name: 'Adm' }], active: null },
    };
    const { user } = dataOf(await create(input)).createExternalUser;
    expect(user).toMatchObject({
      ...input,
      firstName: 'Grace',
      lastName: 'Hopper',
      displayName: 'Grace Hopper',
      email: 'Grace@Navy.mil',
      phoneNumber: '+14155550130',
    });
    expect(
      dataOf(await tenant.graphql(`query ($id: ID!) { externalUser(id: $id) { ${fields} } }`, { id: user.id }))
        .externalUser,
    ).toEqual(user);
  });

  test('names every violation at once and creates nobody', async () => {
    const answer = await create({
      firstName: ' ',
      lastName: 'x'.repeat(151),
      email: 'no',
      phoneNumber: '1',
      fkId: '',
      fkUserId: 'x'.repeat(256),
      context: 'x'.repeat(4_001),
      source: '\0',
      metadata: { nul: '\0' },
    });
    expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(violations(answer)).toEqual(
      ['context', 'email', 'firstName', 'fkId', 'fkUserId', 'lastName', 'metadata', 'phoneNumber', 'source'].map(
        (field) => `input.${field}`,
      ),
    );
    const nobody = await create({});
    expect([problemOf(nobody).code, violations(nobody)]).toEqual(['VALIDATION_FAILED', ['input']]);
  });

  test('names every field that another user has, and only those', async () => {
    const taken = { email: 'Taken@Example.com', phoneNumber: '+14155550140', fkId: 'taken' };
    await createExternalUser(tenant, { email: taken.email, phoneNumber: taken.phoneNumber });
    await createExternalUser(tenant, { fkId: taken.fkId });
    const spelled = { email: 'tAKEN@eXAMPLE.COM', phoneNumber: '001 415 555 0140', fkId: 'taken' };
    for (const clashing of [
      ['email'],
      ['phoneNumber'],
      ['fkId'],
      ['email', 'fkId'],
      ['email', 'phoneNumber', 'fkId'],
    ] as (keyof typeof taken)[][]) {
      const free = { email: 'free@example.com', phoneNumber: '+14155550141', fkId: 'Taken' };
      const answer = await create({ ...free, ...Object.fromEntries(clashing.map((field) => [field, spelled[field]])) });
      expect(problemOf(answer)).toEqual({ code: 'USER_ALREADY_EXISTS', status: 400 });
      expect(violations(answer)).toEqual(clashing.map((field) => `input.${field}`).sort());
    }
    // Nothing of those was kept, and another tenant is another world.
    expect(dataOf(await search({ email: 'free@example.com' })).searchExternalUser).toBeNull();
    await createExternalUser(await service.createTenant(), taken);
  });

  test('lets exactly one of many racing callers create a user', async () => {
    for (const [field, ...spellings] of [
      ['email', 'Racer@Example.com', 'racer@example.com'],
      ['phoneNumber', '+14155550142', '+1 415 555 0142'],
      ['fkId', 'racer'],
    ] as const) {
      const calls = Array.from({ length: 30 }, (_, index) => create({ [field]: spellings[index % spellings.length] }));
      const answers = await Promise.all(calls);
      expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
      for (const refused of answers.filter(({ errors }) => errors)) {
        expect(problemOf(refused).code).toBe('USER_ALREADY_EXISTS');
        expect(violations(refused)).toEqual([`input.${field}`]);
      }
    }
  });

  test('needs users:write', async () => {
    const headers = { authorization: `Bearer ${await tenant.token(['users:read', 'conversations:write'])}` };
    expect(problemOf(await create({ fkId: 'forbidden' }, headers))).toEqual({ code: 'FORBIDDEN', status: 403 });
  });
});

describe('updateExternalUser', () => {
  test('changes what is given, clears what is null, and leaves the rest', async () => {
    const before = dataOf(
      await create({ email: 'Before@Example.com', fkId: 'before', source: 'web', metadata: { a: 1 } }),
    ).createExternalUser.user;
    const { id } = before;
    const first = dataOf(
      await update({ id, lastName: null, source: null, email: 'AFTER@example.com', phoneNumber: '0014155550150' }),
    ).updateExternalUser.user;
    expect(first).toEqual({
      ...before,
      displayName: 'Grace',
      lastName: null,
      source: null,
      email: 'AFTER@example.com',
      phoneNumber: '+14155550150',
      modifiedAt: expect.any(String),
    });
    const second = dataOf(await update({ id, firstName: null, fkId: null })).updateExternalUser.user;
    expect(second).toMatchObject({ displayName: 'AFTER@example.com', firstName: null, fkId: null, metadata: { a: 1 } });
    expect(dataOf(await update({ id: id.toUpperCase() })).updateExternalUser.user).toEqual(second);
    // Its own identifiers don't stand in its way.
    expect(dataOf(await update({ id, email: 'after@EXAMPLE.com' })).updateExternalUser.user.email).toBe(
      'after@EXAMPLE.com',
    );
  });

  test('never leaves a user without an identifier, not even when two callers clear one each', async () => {
    const id = await createExternalUser(tenant, { email: 'last@example.com' });
    const answer = await update({ id, email: null });
    expect([problemOf(answer).code, violations(answer)]).toEqual(['VALIDATION_FAILED', ['input.email']]);
    expect(dataOf(await update({ id, email: null, fkId: 'instead' })).updateExternalUser.user).toMatchObject({
      email: null,
      fkId: 'instead',
    });
    for (let round = 0; round < 5; round++) {
      const both = await createExternalUser(tenant, { email: `both${round}@example.com`, fkId: `both${round}` });
      const answers = await Promise.all([update({ id: both, email: null }), update({ id: both, fkId: null })]);
      expect(answers.map(({ errors }) => errors?.[0]?.extensions.code).sort()).toEqual([
        'VALIDATION_FAILED',
        undefined,
      ]);
    }
  });

  test('refuses another user’s identifiers and changes nothing then', async () => {
    await createExternalUser(tenant, { email: 'Owner@Example.com', phoneNumber: '+14155550151' });
    const id = await createExternalUser(tenant, { fkId: 'other' });
    const answer = await update({
      id,
      firstName: 'Changed',
      email: 'owner@example.com',
      phoneNumber: '+1 415-555-0151',
    });
    expect(problemOf(answer)).toEqual({ code: 'USER_ALREADY_EXISTS', status: 400 });
    expect(violations(answer)).toEqual(['input.email', 'input.phoneNumber']);
    const { externalUser } = dataOf(
      await tenant.graphql('query ($id: ID!) { externalUser(id: $id) { firstName email } }', { id }),
    );
    expect(externalUser).toEqual({ firstName: 'Grace', email: null });
  });

  test('and deleteExternalUser know nobody who is not in the tenant', async () => {
    const foreign = await createExternalUser(await service.createTenant());
    for (const id of [foreign, newId(), 'no uuid']) {
      const notFound = { code: 'EXTERNAL_USER_NOT_FOUND', status: 404 };
      expect(problemOf(await update({ id, firstName: 'x' }))).toEqual(notFound);
      expect(
        problemOf(
          await tenant.graphql('mutation ($id: ID!) { deleteExternalUser(input: { id: $id }) { deletedId } }', { id }),
        ),
      ).toEqual(notFound);
      expect(
        dataOf(await tenant.graphql('query ($id: ID!) { externalUser(id: $id) { id } }', { id })).externalUser,
      ).toBeNull();
    }
  });
});

describe('deleteExternalUser', () => {
  test('deletes the user with its memberships', async () => {
    const id = await createExternalUser(tenant, { email: 'deleted@example.com' });
    const conversations = await manyConversations(service, tenant, 2);
    await joinAll(service, tenant, conversations, { contactId: id });
    const document = 'mutation ($id: ID!) { deleteExternalUser(input: { id: $id }) { deletedId } }';
    expect(dataOf(await tenant.graphql(document, { id: id.toUpperCase() })).deleteExternalUser.deletedId).toBe(id);
    expect(await service.app.database.prisma.conversationMember.count({ where: { contactId: id } })).toBe(0);
    expect(dataOf(await search({ email: 'deleted@example.com' })).searchExternalUser).toBeNull();
    await createExternalUser(tenant, { email: 'deleted@example.com' });
  });
});
