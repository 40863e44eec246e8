import { z } from 'zod';
import { text } from './fields.ts';

const channels = z
  .array(
    z.strictObject({
      integrationConfigId: text('The integration config that it goes through.'),
      address: text('The address there: 1 to 4,000 characters.'),
      priority: z.int().nullish().meta({ description: 'The lower, the earlier it is tried; 0 unless given.' }),
      label: z.string().nullish().meta({ description: 'What the operators call it.' }),
      disabled: z.boolean().nullish().meta({ description: 'Whether it is switched off.' }),
    }),
  )
  .nullish();
const agentIds = z.array(z.string()).nullish();
const optional = (description: string) => z.string().nullish().meta({ description });

export const NewParticipant = z
  .strictObject({
    kind: z
      .enum(['UNSPECIFIED', 'PERSON', 'GROUP', 'AI_AGENT'])
      .nullish()
      .meta({ description: 'What it is. UNSPECIFIED, null and absent are PERSON.' }),
    displayName: text('What it is called: 1 to 150 characters.'),
    email: optional('An e-mail address.'),
    relatedAgentId: optional('The agent that an AI_AGENT is; required for that kind, refused for the others.'),
    avatarFileId: optional(
      'A stored file, like another participant’s `avatarFileId`, to be the avatar. The empty text and null are no avatar.',
    ),
    channels: channels.meta({ description: 'The ways to reach it: at most 100.' }),
    agentIds: agentIds.meta({ description: 'The agents to bind it to: at most 1,000.' }),
  })
  .meta({ id: 'NewParticipant', description: 'The participant to create.' });

export const ParticipantChanges = z
  .strictObject({
    displayName: optional('What it is called: 1 to 150 characters.'),
    email: optional('An e-mail address; the empty text clears it.'),
    relatedAgentId: optional('Another agent for an AI_AGENT to be.'),
    avatarFileId: optional('A stored file to be the avatar. The empty text removes the avatar.'),
    channels: channels.meta({ description: 'Replaces the whole list; an empty one clears it.' }),
    agentIds: agentIds.meta({ description: 'Binds it to exactly these agents; an empty list unbinds it from all.' }),
  })
  .meta({ id: 'ParticipantChanges', description: 'The changes to make; null and absent change nothing.' });

export const AvatarSync = z
  .strictObject({
    integrationConfigId: z.uuid('must be a UUID').meta({ description: 'The channel’s integration config.' }),
    address: z.string().min(1, 'must not be empty').meta({ description: 'The channel’s address.' }),
  })
  .meta({ id: 'AvatarSync', description: 'Which channel to take the avatar from.' });

const without = (what: string) =>
  z
    .unknown()
    .optional()
    .meta({ description: `Has no effect: ${what}` });
const ofConfig = {
  integrationId: optional('Has no effect: the path says the provider.'),
  parameters: z
    .looseObject({
      defaultRegion: optional('The country of telephone numbers without a plus (`US`); the empty text for none.'),
    })
    .nullish()
    .meta({ description: 'What else is set. Other members have no effect.' }),
  auth: without('a config is connected by `connectIntegration` of the graph.'),
  authMap: without('there are no maps of credentials here.'),
  sandboxMode: without('there are no sandboxes here.'),
  sandboxVariant: without('there are no sandboxes here.'),
  oAuthCredentialKey: without('the service has its own credentials at the provider.'),
};

export const NewConfig = z
  .strictObject({ displayName: text('What the operators call it: 1 to 150 characters.'), ...ofConfig })
  .meta({ id: 'NewIntegrationConfig', description: 'The config to create.' });

export const ConfigChanges = z
  .strictObject({ displayName: optional('What the operators call it: 1 to 150 characters.'), ...ofConfig })
  .meta({ id: 'IntegrationConfigChanges', description: 'The changes to make; null and absent change nothing.' });
