import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, startTransition, useEffect, useRef, useState } from 'react';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import { ContactFragmentDoc } from '../../graph/generated/graphql.ts';
import { Avatar } from '../../parts/avatar.tsx';
import { HealthBadge, Time } from '../../parts/badges.tsx';
import { kindWords, providerWord } from '../../parts/words.ts';

type ContactOf = FragmentType<typeof ContactFragmentDoc>;
type ContactTableProps = { contacts: readonly (ContactOf & { id: string })[]; total: number; onNearEnd(): void };

const rowHeight = 52;

/** A table of any length: only the rows in sight exist. The arrow keys go from row to row. */
export function ContactTable({ contacts, total, onNearEnd }: ContactTableProps) {
  const frame = useRef<HTMLDivElement>(null);
  // The rows in sight come first. Those beyond them follow when the browser has drawn these.
  const [overscan, setOverscan] = useState(0);
  useEffect(() => startTransition(() => setOverscan(12)), []);
  const rows = useVirtualizer({
    count: total,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan,
    // Rows beyond those in sight exist already, so they need not be drawn within the scroll event.
    useFlushSync: false,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= contacts.length - 30 && contacts.length < total) onNearEnd();
  }, [last, contacts.length, total, onNearEnd]);

  function move(event: KeyboardEvent<HTMLElement>): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-row]');
    if (!step || !row) return;
    event.preventDefault();
    const next = Number(row.dataset['row']) + step;
    if (next < 0 || next >= contacts.length) return;
    rows.scrollToIndex(next);
    requestAnimationFrame(() => frame.current?.querySelector<HTMLElement>(`[data-row="${next}"] a`)?.focus());
  }

  return (
    <div className="contacts" ref={frame}>
      <table aria-label="Contacts" aria-rowcount={total + 1}>
        <thead>
          <tr className="contact contact-head" aria-rowindex={1}>
            <th scope="col">Name</th>
            <th scope="col">Channels</th>
            <th scope="col">Health</th>
            <th scope="col">Last message</th>
          </tr>
        </thead>
        <tbody style={{ height: rows.getTotalSize() }} onKeyDown={move}>
          {items.map(({ index, start }) => (
            <Row key={contacts[index]?.id ?? index} index={index} start={start} of={contacts[index]} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type RowProps = { index: number; start: number; of: ContactOf | undefined };

/** A row is drawn again when its contact has changed, and not for every pixel that is scrolled. */
const Row = memo(function Row({ index, start, of }: RowProps) {
  const style = { transform: `translateY(${start}px)` };
  if (!of) return <tr className="contact contact-coming" style={style} />;
  return (
    <tr className="contact" aria-rowindex={index + 2} data-row={index} style={style}>
      <Cells of={of} />
    </tr>
  );
});

function Cells({ of }: { of: ContactOf }) {
  const { id, displayName, kind, email, avatarUrl, unreachableReason, channels } = readFragment(ContactFragmentDoc, of);
  const heard = channels.flatMap(({ lastMessageAt }) => lastMessageAt ?? []).sort();
  return (
    <>
      <td className="contact-name">
        <Avatar name={displayName} url={avatarUrl} kind={kind} />
        <span className="row-text">
          <Link to="/people/$participantId" params={{ participantId: id }} dir="auto">
            {displayName}
          </Link>
          <small>{kind === 'PERSON' ? email : kindWords[kind]}</small>
        </span>
      </td>
      <td className="contact-channels">
        {channels.map((channel) => (
          <span
            key={channel.id}
            className={`chip ${channel.unreachableReason ? 'chip-bad' : ''}`}
            title={channel.label ?? undefined}
          >
            <b>{providerWord(channel.provider)}</b> {channel.address}
          </span>
        ))}
        {channels.length === 0 && <small>None</small>}
      </td>
      <td className="contact-health">
        <HealthBadge reason={unreachableReason} />
      </td>
      <td className="contact-heard">{heard.length > 0 ? <Time at={heard.at(-1) as string} /> : <small>–</small>}</td>
    </>
  );
}
