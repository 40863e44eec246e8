import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import { MergeSideFragmentDoc } from '../../graph/generated/graphql.ts';
import { Time } from '../../parts/badges.tsx';
import { counted } from '../../parts/words.ts';

type SideProps = { title: string; of: FragmentType<typeof MergeSideFragmentDoc>; children?: ReactNode };

/** One of the two who may be the same. */
export function Side({ title, of, children }: SideProps) {
  const { id, displayName, source, context, metadata, createdAt, identifiers, conversationIds } = readFragment(
    MergeSideFragmentDoc,
    of,
  );
  return (
    <section className="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {children}
      </header>
      <Link to="/users/$externalUserId" params={{ externalUserId: id }} dir="auto" className="side-name">
        {displayName}
      </Link>
      <ul>
        {identifiers.map((identifier) => (
          <li key={identifier.id}>{identifier.identifierValue}</li>
        ))}
      </ul>
      <p className="hint">
        {[source, context, ...Object.entries(metadata ?? {}).map(([name, value]) => `${name}: ${String(value)}`)]
          .filter(Boolean)
          .join(' · ')}
      </p>
      <p className="hint">
        {counted(conversationIds.length, 'conversation')}, known since <Time at={createdAt} />
      </p>
    </section>
  );
}
