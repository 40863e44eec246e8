import { demand } from '../../auth/viewer.ts';
import type { ExternalUser } from '../../database/generated/client.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { participantsByUser, usersByParticipant } from '../../identity/same-person.ts';
import { builder } from '../builder.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { reading } from '../selection.ts';

const ofExternalUser = reading<ExternalUser>();
const ofParticipant = reading<ListedParticipant>();

builder.objectField(ParticipantType, 'externalUsers', (t) =>
  t.field({
    type: [ExternalUserType],
    nullable: true,
    description:
      'The external users who are the same person, by e-mail or by a telephone number that is one of the channels’ addresses, ordered by id. Over 10,000 in one list or level it is `RESULT_TOO_LARGE`. Null only with an error at its path. Needs `users:read`.',
    ...ofParticipant(['id'], ({ id }, _, context) => {
      demand(context.viewer, 'users:read');
      return context.load(usersByParticipant, id);
    }),
  }),
);

builder.objectField(ExternalUserType, 'participants', (t) =>
  t.field({
    type: [ParticipantType],
    nullable: true,
    description:
      'The participants who are the same person, by e-mail or by a channel with the user’s telephone number or e-mail as its address, ordered by id. Over 10,000 in one list or level it is `RESULT_TOO_LARGE`. Null only with an error at its path. Needs `participants:read`.',
    ...ofExternalUser(['id'], ({ id }, _, context) => {
      demand(context.viewer, 'participants:read');
      return context.load(participantsByUser, id);
    }),
  }),
);
