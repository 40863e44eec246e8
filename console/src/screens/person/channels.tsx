import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import { PersonChannelFragmentDoc, SyncAvatarDocument, UpdateChannelDocument } from '../../graph/generated/graphql.ts';
import { HealthBadge, Time } from '../../parts/badges.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, ProblemPanel } from '../../parts/states.tsx';
import { counted, providerWord, reasonHelp } from '../../parts/words.ts';
import type { PersonOf } from './person.tsx';

/** The ways to reach somebody, each with its health and what helps. */
export function Channels({ person }: { person: PersonOf }) {
  return (
    <Section title="Channels" count={person.channels.length}>
      {person.channels.length === 0 && <Empty title="No channel is known">Nobody can be reached without one.</Empty>}
      <ul className="rows">
        {person.channels.map((channel) => (
          <ChannelRow key={channel.id} of={channel} participantId={person.id} />
        ))}
      </ul>
    </Section>
  );
}

type ChannelRowProps = { of: FragmentType<typeof PersonChannelFragmentDoc>; participantId: string };

function ChannelRow({ of, participantId }: ChannelRowProps) {
  const channel = readFragment(PersonChannelFragmentDoc, of);
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const sync = useAct(SyncAvatarDocument);
  const update = useAct(UpdateChannelDocument);
  const problem = sync.problem ?? update.problem;
  return (
    <li className="row row-tall">
      <div className="row-text">
        <span>
          <b>{providerWord(channel.provider)}</b> <span dir="auto">{channel.address}</span>
          {channel.label && <small> {channel.label}</small>}
        </span>
        <small>
          {channel.integrationConfig.name}
          {channel.lastMessageAt && (
            <>
              {' · '}
              {counted(channel.messageCount, 'message')}, the last <Time at={channel.lastMessageAt} />
            </>
          )}
          {channel.unreachableReason && ` · ${reasonHelp[channel.unreachableReason]}`}
        </small>
        {problem && <ProblemPanel problem={problem} />}
      </div>
      <HealthBadge reason={channel.unreachableReason} />
      {mayWrite && (
        <span className="row-actions">
          {channel.avatarSyncable && (
            <button
              type="button"
              className="button button-small"
              disabled={sync.busy}
              onClick={() => sync.run({ id: participantId, channelId: channel.id })}
            >
              {sync.busy ? 'Asking…' : 'Take picture'}
            </button>
          )}
          <button
            type="button"
            className="button button-small"
            disabled={update.busy}
            onClick={() => update.run({ channelId: channel.id, disabled: !channel.disabled })}
          >
            {channel.disabled ? 'Switch on' : 'Switch off'}
          </button>
        </span>
      )}
    </li>
  );
}
