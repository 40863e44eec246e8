import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import {
  type IdentifierKey,
  UserDocument,
  UserHistoryDocument,
  type UserHistoryQuery,
  UserMergesDocument,
  type UserMergesQuery,
  type UserQuery,
} from '../../graph/generated/graphql.ts';
import { usePaged } from '../../graph/paged.ts';
import { problemOf } from '../../graph/problem.ts';
import { useSeenAgain } from '../../graph/seen-again.ts';
import { Avatar } from '../../parts/avatar.tsx';
import { Time } from '../../parts/badges.tsx';
import { HistoryList } from '../../parts/history-list.tsx';
import { Merges } from '../../parts/merges.tsx';
import { ConversationRow, ParticipantRow } from '../../parts/rows.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { type Asked, UserActions } from './user-actions.tsx';

const route = getRouteApi('/users/$externalUserId');
const entriesOf = ({ externalUser }: UserHistoryQuery) => externalUser?.history;
const mergesOf = ({ externalUser }: UserMergesQuery) => externalUser?.merges;

const keyWords: Readonly<Record<IdentifierKey, string>> = {
  emailaddress: 'E-mail',
  phonenumber: 'Telephone',
  fkid: 'Foreign key',
};

/** One external user: a customer that agents talk to. */
export function User() {
  const { externalUserId } = route.useParams();
  const [asked, setAsked] = useState<Asked>(null);
  const mayRead = useMay('USERS_READ');
  const scopes = { participants: useMay('PARTICIPANTS_READ'), conversations: useMay('CONVERSATIONS_READ') };
  const variables = { id: externalUserId, ...scopes };
  const [{ data, error, fetching, stale }, again] = useQuery({ query: UserDocument, variables, pause: !mayRead });
  const user = data?.externalUser;
  // What an erasure has done is read in its dialog, which stays until it is closed.
  useSeenAgain(() => mayRead && asked !== 'erase' && again({ requestPolicy: 'network-only' }));
  useTitle(user?.displayName);
  if (!mayRead) return <NotAllowed what="external users" scope="users:read" />;
  if (error && !user) return <ProblemPanel problem={problemOf(error)} retry={() => again()} />;
  if (!user)
    return fetching || stale ? (
      <Loading what="the external user" />
    ) : (
      <Empty title="There is no external user here">They may have been deleted, merged or erased.</Empty>
    );
  return (
    <div className="page">
      <header className="person-head">
        <Avatar name={user.displayName} size={64} />
        <div>
          <h1 dir="auto">{user.displayName}</h1>
          <p className="person-facts">
            <span>External user</span>
            {user.email && <a href={`mailto:${user.email}`}>{user.email}</a>}
            {user.phoneNumber && <a href={`tel:${user.phoneNumber}`}>{user.phoneNumber}</a>}
          </p>
        </div>
        <UserActions user={user} asked={asked} setAsked={setAsked} />
      </header>
      <div className="columns columns-wide">
        <div>
          <Section title="Identifiers" count={user.identifiers.length}>
            <ul className="rows">
              {user.identifiers.map(({ id, identifierKey, identifierValue, primary }) => (
                <li key={id} className="row">
                  <div className="row-text">
                    <span>
                      <b>{keyWords[identifierKey]}</b> <span dir="auto">{identifierValue}</span>
                    </span>
                  </div>
                  {primary && <span className="badge">Primary</span>}
                </li>
              ))}
            </ul>
          </Section>
          {scopes.conversations && (
            <Section title="Conversations" count={user.conversations?.totalCount}>
              {user.conversations?.nodes.length === 0 && <Empty title="Takes part in none" />}
              <ul className="rows">
                {user.conversations?.nodes.map((node) => (
                  <ConversationRow key={node.id} of={node} />
                ))}
              </ul>
            </Section>
          )}
        </div>
        <div>
          {scopes.participants && (
            <Section title="The same person as" count={user.participants?.length}>
              {user.participants?.length === 0 && <Empty title="Nobody in the directory" />}
              <ul className="rows">
                {user.participants?.map((node) => (
                  <ParticipantRow key={node.id} of={node} />
                ))}
              </ul>
            </Section>
          )}
          <Facts user={user} />
          <UserMerges id={user.id} onUndone={() => again({ requestPolicy: 'network-only' })} />
          <UserHistory key={user.modifiedAt} id={user.id} />
        </div>
      </div>
    </div>
  );
}

function Facts({ user }: { user: NonNullable<UserQuery['externalUser']> }) {
  const facts = Object.entries({ Source: user.source, Context: user.context, ...user.metadata }).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return (
    <Section title="Facts">
      <dl className="facts">
        <dt>Known since</dt>
        <dd>
          <Time at={user.createdAt} />
        </dd>
        {facts.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd dir="auto">{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
        <dt>Id</dt>
        <dd>
          <code>{user.id}</code>
        </dd>
      </dl>
    </Section>
  );
}

function UserMerges({ id, onUndone }: { id: string; onUndone(): void }) {
  const list = usePaged(UserMergesDocument, { id }, mergesOf);
  return <Merges kind="EXTERNAL_USER" id={id} list={list} onUndone={onUndone} />;
}

function UserHistory({ id }: { id: string }) {
  const { nodes, fetching, problem, hasMore, more, refresh } = usePaged(UserHistoryDocument, { id }, entriesOf);
  return (
    <Section title="History">
      {problem && <ProblemPanel problem={problem} retry={refresh} />}
      {nodes.length === 0 && fetching && <Loading what="history" />}
      {nodes.length === 0 && !fetching && !problem && <Empty title="Nothing was changed yet" />}
      <HistoryList of={nodes} within={{ subject: id }} />
      {hasMore && (
        <button type="button" className="button button-small" onClick={more} disabled={fetching}>
          Show more
        </button>
      )}
    </Section>
  );
}
