import { useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type IntegrationFragment, RotateWebhookDocument } from '../../graph/generated/graphql.ts';
import { Time } from '../../parts/badges.tsx';
import { Confirm } from '../../parts/confirm.tsx';

export type MadeWebhook = { webhookUrl: string; signingSecret?: string | null };

type ActivationProps = {
  of: IntegrationFragment['activations'][number];
  configId: string;
  /** Called with the new URL, which is shown once. */
  rotated(made: MadeWebhook): void;
};

/** A webhook, and how to give it another URL. */
export function Activation({ of, configId, rotated }: ActivationProps) {
  const { webhookUrlTemplate, webhookKeyPrefix, agentId, bindingId, createdAt } = of;
  const mayWrite = useMay('INTEGRATIONS_WRITE');
  const rotate = useAct(RotateWebhookDocument);
  const [asked, setAsked] = useState(false);
  async function go(): Promise<void> {
    const made = (await rotate.run({ integrationConfigId: configId, agentId, bindingId }))?.rotateWebhookKey;
    if (!made) return;
    setAsked(false);
    rotated(made);
  }
  return (
    <li className="row">
      <span className="row-text hint">
        <span>
          Webhook <code>{webhookUrlTemplate.replace('{key}', `${webhookKeyPrefix}…`)}</code>
        </span>
        <small>
          {agentId && `for ${agentId}, `}made <Time at={createdAt} />
        </small>
      </span>
      {mayWrite && (
        <button type="button" className="button button-small" onClick={() => setAsked(true)}>
          Rotate…
        </button>
      )}
      {asked && (
        <Confirm
          title="Make a new URL for this webhook?"
          action="Rotate"
          danger
          busy={rotate.busy}
          problem={rotate.problem}
          onClose={() => setAsked(false)}
          onConfirm={go}
        >
          <p>The old URL ends at once, and so does its signing secret. The provider must be given the new one.</p>
        </Confirm>
      )}
    </li>
  );
}
