import { builder } from '../builder.ts';
import { ContactIdentifierInput } from './memberships.ts';

const ReferenceInput = builder.inputType('ParticipantReferenceInput', {
  description: 'A reference by id.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'A UUID for users and contacts, the agent’s id for agents, 1 to 255 characters for flows.',
    }),
  }),
});

/** The participant to add: as one of several kinds of reference. */
export const EnsureParticipantInput = builder.inputType('EnsureParticipantInput', {
  description: 'The participant to add: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    user: t.field({ type: ReferenceInput, description: 'A participant of the tenant’s directory.' }),
    flow: t.field({
      type: ReferenceInput,
      description: 'An automated flow of the caller’s system. It is not checked.',
    }),
    agent: t.field({ type: ReferenceInput, description: 'An AI agent of the tenant.' }),
    contact: t.field({ type: ReferenceInput, description: 'An external user.' }),
    contactByIdentifier: t.field({
      type: ContactIdentifierInput,
      description:
        'An external user by one of its identifiers. If no user has it, one is created in the same transaction; `conversations:write` is enough for that.',
    }),
  }),
});
