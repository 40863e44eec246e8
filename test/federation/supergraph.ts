import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { subgraphText } from '../../src/schema/federation/text.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { startApp } from '../app.ts';
import { startTickets, ticketsText } from './second-subgraph.ts';

/** Starts the service and the other team's subgraph, and composes them. */
export async function startSubgraphs() {
  const service = await startApp({ FEDERATION: 'on', PORT: '0' });
  const { url } = await service.app.listen();
  const others = await startTickets();
  const { supergraphSdl: supergraph, errors } = composeServices([
    { name: 'rollcall', url: `${url}/graphql`, typeDefs: parse(subgraphText(buildSchema())) },
    { name: 'tickets', url: others.url, typeDefs: parse(ticketsText) },
  ]);
  if (!supergraph) throw new Error(errors?.join('\n'));
  const close = async () => {
    await others.close();
    await service.close();
  };
  return { service, others, supergraph, close };
}

export type Subgraphs = Awaited<ReturnType<typeof startSubgraphs>>;
