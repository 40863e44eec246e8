import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';

/** What the other team knows. Tests fill it. */
export type Ticket = { id: string; aboutEmail: string; assigneeId: string };

/** A subgraph of another team's: tickets about external users, for participants. It extends both types. */
export const ticketsText = `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@external", "@requires"])

  type Query {
    tickets: [Ticket!]!
    ticketPages: PageInfo! @shareable
  }
  type Ticket @key(fields: "id") {
    id: ID!
    about: ExternalUser
    assignee: Participant
  }
  type Participant @key(fields: "id") {
    id: ID!
    displayName: String! @external
    ticketCount: Int!
    badge: String! @requires(fields: "displayName")
  }
  type ExternalUser @key(fields: "email") {
    email: EmailAddress
    openTickets: Int!
  }
  scalar EmailAddress
  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }
`;

const typeDefs = `
  ${ticketsText
    .replace(/extend schema\s+@link\(.*\)\n/, '')
    .replaceAll(/@(shareable|external)|@(key|requires)\([^)]*\)/g, '')
    .replace('type Query {', 'type Query { _entities(representations: [_Any!]!): [_Entity]!')}
  scalar _Any
  union _Entity = Ticket | Participant | ExternalUser
`;

type Representation = { __typename: string; id?: string; email?: string; displayName?: string };

/** Starts it on a port of its own. */
export async function startTickets() {
  const tickets: Ticket[] = [];
  /** The credential of each request. */
  const credentials: (string | null)[] = [];
  const countOf = (field: keyof Ticket, value: string | undefined) =>
    tickets.filter((ticket) => ticket[field] === value).length;
  const ticketOf = ({ id, aboutEmail, assigneeId }: Ticket) => ({
    id,
    about: { email: aboutEmail },
    assignee: { id: assigneeId },
  });
  const schema = createSchema({
    typeDefs,
    resolvers: {
      Query: {
        tickets: () => tickets.map(ticketOf),
        _entities: (_, { representations }: { representations: Representation[] }) =>
          representations.map((each) => {
            const ticket = tickets.find(({ id }) => id === each.id);
            return each.__typename === 'Ticket' ? ticket && { __typename: 'Ticket', ...ticketOf(ticket) } : each;
          }),
      },
      Participant: {
        ticketCount: ({ id }: Representation) => countOf('assigneeId', id),
        badge: ({ id, displayName }: Representation) => `${displayName}, ${countOf('assigneeId', id)}`,
      },
      ExternalUser: { openTickets: ({ email }: Representation) => countOf('aboutEmail', email) },
    },
  });
  const yoga = createYoga({ schema, logging: false, graphqlEndpoint: '/' });
  const server = createServer((request, response) => {
    credentials.push(request.headers.authorization ?? null);
    void yoga(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    tickets,
    credentials,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
