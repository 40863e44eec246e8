import { context, propagation } from '@opentelemetry/api';

/**
 * Returns the headers that say which trace a request to a provider belongs to. Never the baggage, which a client may
 * have filled. Empty where nothing is traced.
 */
export function traceHeaders(): Record<string, string> {
  const carrier: { traceparent?: string; tracestate?: string } = {};
  propagation.inject(context.active(), carrier);
  const { traceparent, tracestate } = carrier;
  return { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) };
}
