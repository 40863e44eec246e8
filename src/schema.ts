import type { GraphQLSchema } from 'graphql';
import './agents/agents.graph.ts';
import './auth/auth.graph.ts';
import './avatars/avatars.graph.ts';
import './avatars/batches.graph.ts';
import './avatars/failures.graph.ts';
import './bindings/bindings.graph.ts';
import './channels/channels.graph.ts';
import './conversations/changes.graph.ts';
import './conversations/conversations.graph.ts';
import './conversations/mutations.graph.ts';
import './conversations/participation.graph.ts';
import './external-users/external-users.graph.ts';
import './external-users/mutations.graph.ts';
import './graph/scalars.ts';
import './identity/same-person.graph.ts';
import './identity/who-is.graph.ts';
import './integrations/integrations.graph.ts';
import './participants/health.graph.ts';
import './participants/mutations.graph.ts';
import './participants/participants.graph.ts';
import { builder } from './graph/builder.ts';
import { countRows } from './graph/counted.ts';

/** The whole graph: what all the imports above have added to the builder. */
export const buildSchema = (): GraphQLSchema => countRows(builder.toSchema());
