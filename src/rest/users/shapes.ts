import { z } from 'zod';
import type { ExternalUser } from '../../database/generated/client.ts';
import { freeObject } from '../input.ts';

const optional = (description: string) => z.string().optional().meta({ description });

/** An external user as the system's clients know it. */
export const User = z
  .object({
    id: z.string().meta({ description: 'The user’s id: a UUID.' }),
    firstName: z.string().meta({ description: 'The first name; empty when it is not known.' }),
    lastName: z.string().meta({ description: 'The last name; empty when it is not known.' }),
    isAnonymized: z.boolean().meta({ description: 'Always false: who is anonymized is deleted here.' }),
    context: optional('The topic of the contact with the user. Absent when there is none.'),
    source: optional('Where the user came from. Absent when it is not known.'),
    fkId: optional('The user’s key in the caller’s own system. Absent when there is none.'),
    fkUserId: optional('A second key of the caller’s. Absent when there is none.'),
    email: optional('The e-mail address. Absent when none is known.'),
    phoneNumber: optional('The telephone number in E.164. Absent when none is known.'),
    metadata: freeObject('Further data; `customData` of the creation is in it under that name.').optional(),
  })
  .meta({ id: 'User', description: 'A customer of the tenant’s agents.' });

/** What is known of a user; what is not known is absent, and not null. */
export function userOf(user: ExternalUser): z.output<typeof User> {
  const { id, firstName, lastName, context, source, fkId, fkUserId, email, phoneNumber, metadata } = user;
  const known = Object.entries({ context, source, fkId, fkUserId, email, phoneNumber, metadata });
  return {
    id,
    firstName: firstName ?? '',
    lastName: lastName ?? '',
    isAnonymized: false,
    ...Object.fromEntries(known.filter(([, value]) => value !== null)),
  };
}

export const FoundUser = z
  .object({
    user: User,
    conversationIds: z.array(z.string()).meta({
      description:
        'The conversations that the user takes part in, the newest first: those of the key’s agent, or, for other credentials, all of the tenant’s.',
    }),
  })
  .meta({ id: 'FoundUser', description: 'A user that was searched for.' });

const given = (description: string) => z.string().nullish().meta({ description });
const email = given('An e-mail address, unique in the tenant without regard to case.');
const phoneNumber = given('A telephone number in any international spelling, unique in the tenant.');
const fkId = given('The user’s key in the caller’s own system, unique in the tenant.');
const named = {
  firstName: z.string().meta({ description: 'The first name: 1 to 150 characters.' }),
  lastName: z.string().meta({ description: 'The last name: 1 to 150 characters.' }),
  email,
  phoneNumber,
  fkId,
  fkUserId: given('A second key of the caller’s, not unique.'),
  context: given('The topic of the contact with the user: at most 4,000 characters.'),
  source: given('Where the user came from: at most 4,000 characters.'),
  customData: freeObject(
    'Further data of the caller’s: at most 16 KB. It comes back as `metadata.customData`.',
  ).nullish(),
  skipPhoneNumberValidation: z.boolean().nullish().meta({
    description: 'Has no effect: a telephone number that cannot be one is refused in any case.',
  }),
  skipEmailValidation: z.boolean().nullish().meta({
    description: 'Has no effect: what is no e-mail address is refused in any case.',
  }),
};

/**
 * What is sent to create a user. Which of the three is given is the rule's to check; further members are let be, as
 * there.
 */
export const NewUser = z
  .looseObject(named)
  .meta({ id: 'NewUser', description: 'The user to create, with at least one of `email`, `phoneNumber` and `fkId`.' });
