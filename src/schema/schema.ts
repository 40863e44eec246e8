import type { GraphQLSchema } from 'graphql';
import './directory/agents.ts';
import './auth/auth.ts';
import './avatars/avatars.ts';
import './avatars/batches.ts';
import './avatars/failures.ts';
import './directory/bindings.ts';
import './directory/channel-mutations.ts';
import './directory/channels.ts';
import './conversations/changes.ts';
import './conversations/conversation-changes.ts';
import './conversations/conversation-mutations.ts';
import './conversations/conversations.ts';
import './conversations/mutations.ts';
import './conversations/of-participant.ts';
import './conversations/participation.ts';
import './external-users/external-users.ts';
import './external-users/mutations.ts';
import './scalars.ts';
import './identity/same-person.ts';
import './identity/who-is.ts';
import './integrations/config-mutations.ts';
import './integrations/integrations.ts';
import './integrations/webhooks.ts';
import './directory/participant-changes.ts';
import './integrations/oauth.ts';
import './directory/health.ts';
import './directory/participant-mutations.ts';
import './directory/participants.ts';
import './directory/unknown-senders.ts';
import { builder } from './builder.ts';
import { plainFields } from './plain-fields.ts';
import { countResults } from './result-size.ts';

const description = `Rollcall answers one question: who is on the other end?

It joins three things that belong to one tenant: the directory of participants and the channels they are reached on, the
conversations and who takes part in them, and the external users that agents talk to. Start with \`whoIs\`, which finds everything
that an e-mail address, a telephone number, a foreign key or a channel leads to, or with \`viewer\`, which says what your credential
may do.

Each description says which scope a field needs, what null means, and which errors to expect. Errors have a \`code\` in their
\`extensions\`. Lists that grow are connections of up to 100 rows a page.`;

/** Builds the whole schema: everything that the modules imported above have added to the builder. */
export function buildSchema(): GraphQLSchema {
  const schema = countResults(plainFields(builder.toSchema()));
  schema.description = description;
  return schema;
}
