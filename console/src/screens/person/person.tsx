import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { PersonChangedDocument, PersonDocument, type PersonQuery } from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { problemOf } from '../../graph/problem.ts';
import { useSeenAgain } from '../../graph/seen-again.ts';
import { Avatar } from '../../parts/avatar.tsx';
import { HealthBadge, Time } from '../../parts/badges.tsx';
import { ConversationRow, UserRow } from '../../parts/rows.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { kindWords, reasonHelp } from '../../parts/words.ts';
import { Agents } from './agents.tsx';
import { Channels } from './channels.tsx';
import { type Asked, PersonActions } from './person-actions.tsx';
import { PersonHistory } from './person-history.tsx';
import { PersonMerges } from './person-merges.tsx';

const route = getRouteApi('/people/$participantId');

export type PersonOf = NonNullable<PersonQuery['participant']>;

/** Calls back when somebody's changes, or their end, are told or may have been missed. */
function useChanges(person: PersonOf | null | undefined, id: string, read: () => void): void {
  // An agent that they are a contact of tells of them. Who is nobody's contact is read when the page is looked at.
  const agentId = person?.agents[0]?.id ?? '';
  useLive(
    PersonChangedDocument,
    { agentId },
    {
      paused: agentId === '',
      onReturn: read,
      onEvent({ participantChanged: { everything, participants, removedIds } }) {
        const isMeant = everything || removedIds.includes(id) || participants.some((one) => one.id === id);
        if (isMeant) read();
      },
    },
  );
  useSeenAgain(read);
}

/** One participant, with everything that the graph knows of them. */
export function Person() {
  const { participantId } = route.useParams();
  const [asked, setAsked] = useState<Asked>(null);
  const mayRead = useMay('PARTICIPANTS_READ');
  const scopes = { conversations: useMay('CONVERSATIONS_READ'), users: useMay('USERS_READ') };
  const variables = { id: participantId, ...scopes };
  const [{ data, error, fetching, stale }, again] = useQuery({ query: PersonDocument, variables, pause: !mayRead });
  const person = data?.participant;
  const reload = () => again({ requestPolicy: 'network-only' });
  // What an erasure has done is read in its dialog, which stays until it is closed.
  useChanges(person, participantId, () => mayRead && asked !== 'erase' && reload());
  useTitle(person?.displayName);
  if (!mayRead) return <NotAllowed what="the directory" scope="participants:read" />;
  if (error && !person) return <ProblemPanel problem={problemOf(error)} retry={() => again()} />;
  if (!person)
    return fetching || stale ? (
      <Loading what="the participant" />
    ) : (
      <Empty title="There is no participant here">They may have been deleted or erased.</Empty>
    );
  return (
    <div className="page">
      {error && <ProblemPanel problem={problemOf(error)} retry={() => again()} />}
      <header className="person-head">
        <Avatar name={person.displayName} url={person.avatarUrl} kind={person.kind} size={64} />
        <div>
          <h1 dir="auto">{person.displayName}</h1>
          <p className="person-facts">
            <span>{kindWords[person.kind]}</span>
            {person.email && <a href={`mailto:${person.email}`}>{person.email}</a>}
            <HealthBadge reason={person.unreachableReason} />
          </p>
        </div>
        <PersonActions person={person} asked={asked} setAsked={setAsked} reload={reload} />
      </header>
      {person.unreachableReason && <p className="notice">{reasonHelp[person.unreachableReason]}</p>}
      <div className="columns columns-wide">
        <div>
          <Channels person={person} />
          {scopes.conversations ? (
            <Section title="Conversations" count={person.conversations?.totalCount}>
              {person.conversations?.nodes.length === 0 && <Empty title="Takes part in none" />}
              <ul className="rows">
                {person.conversations?.nodes.map((node) => (
                  <ConversationRow key={node.id} of={node} />
                ))}
              </ul>
            </Section>
          ) : (
            <NotAllowed what="conversations" scope="conversations:read" />
          )}
        </div>
        <div>
          <Agents person={person} />
          {scopes.users ? (
            <Section title="The same person as" count={person.externalUsers?.length}>
              {person.externalUsers?.length === 0 && <Empty title="No external user is linked" />}
              <ul className="rows">
                {person.externalUsers?.map((user) => (
                  <UserRow key={user.id} of={user} />
                ))}
              </ul>
            </Section>
          ) : (
            <NotAllowed what="external users" scope="users:read" />
          )}
          <Section title="Facts">
            <dl className="facts">
              <dt>Known since</dt>
              <dd>
                <Time at={person.createdAt} />
              </dd>
              <dt>Picture</dt>
              <dd>
                {person.avatarSource === 'UPLOADED' ? 'Uploaded' : person.avatarSource ? 'From a channel' : 'None'}
                {person.avatarSyncedAt && (
                  <>
                    , synced <Time at={person.avatarSyncedAt} />
                  </>
                )}
              </dd>
              {person.avatarAutoSync?.error && (
                <>
                  <dt>Last sync</dt>
                  <dd>
                    {person.avatarAutoSync.error.detail} <code>{person.avatarAutoSync.error.code}</code>
                  </dd>
                </>
              )}
              {person.relatedAgent && (
                <>
                  <dt>Stands for</dt>
                  <dd>
                    <Link to="/agents/$agentId/contacts" params={{ agentId: person.relatedAgent.id }}>
                      {person.relatedAgent.name}
                    </Link>
                  </dd>
                </>
              )}
              <dt>Id</dt>
              <dd>
                <code>{person.id}</code>
              </dd>
            </dl>
          </Section>
          <PersonMerges id={person.id} onUndone={reload} />
          <PersonHistory key={person.modifiedAt} id={person.id} />
        </div>
      </div>
    </div>
  );
}
