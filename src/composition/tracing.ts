import type { IncomingMessage, RequestListener } from 'node:http';
import {
  type Attributes,
  context,
  ProxyTracerProvider,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Connection } from '../database/connection.ts';
import type { Prepared } from '../database/statement.ts';
import { Problem } from '../errors/catalogue.ts';

type Work = <Result>(name: string, attributes: Attributes, work: () => Result) => Result;

/** Makes spans of what the service does. No attribute holds a value of a client or of the database. */
export interface Tracing {
  /** Runs the work in a span of its own. */
  span: Work;
  /** Runs the work in a span of its own where it is a part of another. */
  part: Work;
  /** Answers each request in a span that continues the client's trace. */
  requests(handler: RequestListener): RequestListener;
  /** Runs each job in a trace of its own. */
  jobs<Job>(kind: string, run: (job: Job) => Promise<void>): (job: Job) => Promise<void>;
  /** Runs each statement that is a part of a span in one of its own. */
  statements(connection: Connection): Connection;
}

/** Creates the tracing for the SDK that was loaded before the service. Null without one: then nothing is traced. */
export function createTracing(): Tracing | null {
  const provider = trace.getTracerProvider();
  if (provider instanceof ProxyTracerProvider && provider.getDelegate().constructor.name === 'NoopTracerProvider')
    return null;
  const tracer = trace.getTracer('rollcall');

  const end = (span: Span) => span.end();
  const fail = (span: Span, error: unknown): never => {
    // An error's message may quote a value.
    span.setAttribute('error.type', error instanceof Problem ? error.code : 'INTERNAL');
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    throw error;
  };
  const spanOf = <Result>(own: Span, work: () => Result): Result => {
    try {
      const result = context.with(trace.setSpan(context.active(), own), work);
      if (result instanceof Promise) {
        return result.then(
          (value) => {
            end(own);
            return value;
          },
          (error: unknown) => fail(own, error),
        ) as typeof result;
      }
      end(own);
      return result;
    } catch (error) {
      return fail(own, error);
    }
  };
  const span: Work = (name, attributes, work) => spanOf(tracer.startSpan(name, { attributes }), work);
  const part: Work = (name, attributes, work) => (trace.getActiveSpan() ? span(name, attributes, work) : work());
  const statement = <Result>({ name, text }: Prepared, work: () => Result) =>
    part(name, { 'db.system.name': 'postgresql', 'db.query.text': text.slice(0, longestText) }, work);

  return {
    span,
    part,
    // A worker takes jobs of many requests, and is woken by any of them: the job is no part of that request.
    jobs: (kind, run) => (job) => spanOf(tracer.startSpan(`job ${kind}`, { root: true }), () => run(job)),
    requests: (handler) => (request, response) => {
      const route = routeOf(request);
      if (unwatched.has(route)) return handler(request, response);
      const method = request.method ?? '';
      const own = tracer.startSpan(
        `${method} ${route}`,
        { kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'http.route': route } },
        propagation.extract(context.active(), request.headers),
      );
      const within = trace.setSpan(context.active(), own);
      // What reads the body is called by the connection, outside of this call.
      context.bind(within, request);
      context.bind(within, response);
      response.once('close', () => {
        own.setAttribute('http.response.status_code', response.statusCode);
        if (response.statusCode >= 500 || !response.writableFinished) own.setStatus({ code: SpanStatusCode.ERROR });
        own.end();
      });
      context.with(within, () => handler(request, response));
    },
    statements: (connection) => ({
      adapter: connection.adapter,
      batchedWritesAtOnce: connection.batchedWritesAtOnce,
      isDistributed: connection.isDistributed,
      maxPerTenant: connection.maxPerTenant,
      get clockOffsetMs() {
        return connection.clockOffsetMs;
      },
      query: (form, ...rest) => statement(form, () => connection.query(form, ...rest)),
      queryBatchedWrite: (form, ...rest) => statement(form, () => connection.queryBatchedWrite(form, ...rest)),
      script: (...rest) => connection.script(...rest),
      check: (timeoutMs) => connection.check(timeoutMs),
      close: () => connection.close(),
    }),
  };
}

const longestText = 2_000;
/** The first parts of paths. The rest may be anything, also somebody's e-mail address. */
const routes = /^\/(graphql|v1|workspaces|external|files|hooks|oauth|openapi|mcp|healthz|readyz|metrics)(?=[/?]|$)/;
/** What is asked every few seconds. */
const unwatched = new Set(['/healthz', '/readyz', '/metrics']);
const routeOf = ({ url = '/' }: IncomingMessage) => routes.exec(url)?.[0] ?? '/*';
