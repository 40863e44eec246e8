import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { useRef } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  CloseConversationDocument,
  ConversationOfDocument,
  InboxRowFragmentDoc,
  MembersChangedDocument,
  ReopenConversationDocument,
} from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { problemOf } from '../../graph/problem.ts';
import { Time } from '../../parts/badges.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { AddMember } from './add-member.tsx';
import { MemberRow } from './member.tsx';

const route = getRouteApi('/inbox/$conversationId');

/** One conversation: who takes part, who waits to be let in, and who may come. */
export function ConversationPane() {
  const { conversationId: id } = route.useParams();
  const [{ data, error, fetching, stale }, again] = useQuery({ query: ConversationOfDocument, variables: { id } });
  const later = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const readAgain = () => {
    clearTimeout(later.current);
    later.current = setTimeout(() => again({ requestPolicy: 'network-only' }), 150);
  };
  useLive(MembersChangedDocument, { id }, { onEvent: readAgain, onReturn: readAgain });
  const mayWrite = useMay('CONVERSATIONS_WRITE');
  const close = useAct(CloseConversationDocument);
  const reopen = useAct(ReopenConversationDocument);
  const conversation = data?.conversation;
  const row = readFragment(InboxRowFragmentDoc, conversation);
  useTitle(row?.name);
  if (error && !conversation) return <ProblemPanel problem={problemOf(error)} retry={() => again()} />;
  if (!conversation || !row)
    return fetching || stale ? (
      <Loading what="the conversation" />
    ) : (
      <Empty title="There is no conversation here">It may have been deleted.</Empty>
    );
  const open = row.status === 'OPEN';
  const problem = close.problem ?? reopen.problem;
  return (
    <article className="conversation">
      <Link to="/inbox" search={(before) => before} className="back">
        <ArrowLeft aria-hidden="true" size={14} /> All conversations
      </Link>
      <header className="page-head">
        <div>
          <h2 dir="auto">{row.name ?? 'Without a name'}</h2>
          <p className="person-facts">
            {row.agent && <span>{row.agent.name}</span>}
            <span>
              begun <Time at={row.createdAt} />
            </span>
            {!open && <span className="badge">Closed</span>}
          </p>
        </div>
        {mayWrite && (
          <button
            type="button"
            className="button"
            disabled={close.busy || reopen.busy}
            onClick={() => (open ? close : reopen).run({ id })}
          >
            {open ? 'Close' : 'Reopen'}
          </button>
        )}
      </header>
      {conversation.description && <p dir="auto">{conversation.description}</p>}
      {problem && <ProblemPanel problem={problem} />}
      <Section title="Takes part" count={conversation.participants.length}>
        <ul className="rows">
          {conversation.participants.map((member) => (
            <MemberRow key={member.id} of={member} conversationId={id} open={open} changed={readAgain} />
          ))}
        </ul>
      </Section>
      {mayWrite && open && <AddMember conversationId={id} members={conversation.participants} added={readAgain} />}
    </article>
  );
}
