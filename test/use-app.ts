import { afterAll, beforeAll, inject } from 'vitest';
import { startApp, type TestApp } from './app.ts';
import { type FakeSlack, startFakeSlack } from './fakes/slack.ts';
import { createOwnDatabase } from './setup/database.ts';

/** An object that stands for what a function returns, as soon as the file's set-up has run. */
export function later<Value extends object>(get: () => Value | undefined): Value {
  const started = () => {
    const value = get();
    if (!value) throw new Error('This was not started yet: use it in a test, or in a hook after useApp.');
    return value;
  };
  // The target is never used: each access goes to what was started.
  return new Proxy({} as Value, {
    get(_, name) {
      const value = started();
      return Reflect.get(value, name, value);
    },
    set: (_, name, member) => Reflect.set(started(), name, member),
  });
}

/** Starts the service before a file's tests and stops it after them. Takes what `startApp` takes. */
export function useApp(...options: Parameters<typeof startApp>): TestApp {
  let app: TestApp | undefined;
  beforeAll(async () => {
    app = await startApp(...options);
  });
  afterAll(() => app?.close());
  return later(() => app);
}

/** The same with a database of its own, for what works on every tenant that it finds. */
export function useAppAlone(...[environment, around, more]: Parameters<typeof startApp>): TestApp {
  let app: TestApp | undefined;
  let own: Awaited<ReturnType<typeof createOwnDatabase>> | undefined;
  beforeAll(async () => {
    own = await createOwnDatabase(inject('database'));
    app = await startApp(environment, around, { ...more, database: own.place });
  });
  afterAll(async () => {
    await app?.close();
    await own?.drop();
  });
  return later(() => app);
}

/** Starts a fake Slack before a file's tests and stops it after them. */
export function useSlack(): FakeSlack {
  let slack: FakeSlack | undefined;
  beforeAll(async () => {
    slack = await startFakeSlack();
  });
  afterAll(() => slack?.close());
  return later(() => slack);
}
