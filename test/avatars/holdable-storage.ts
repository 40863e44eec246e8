import type { Storage } from '../../src/storage/storage.ts';
import { until } from '../events/trigger.ts';

/** A storage each of whose steps can be held, and then let go. */
export function holdable(below: Storage) {
  const held: { what: string; go: () => void }[] = [];
  let holds: ((what: string) => boolean) | null = null;
  const pass = async (what: string) => {
    if (holds?.(what)) await new Promise<void>((go) => held.push({ what, go }));
  };
  const storage: Storage = {
    ...below,
    async put(key, bytes, type) {
      await pass(`put ${key}`);
      await below.put(key, bytes, type);
    },
    async delete(key) {
      await pass(`delete ${key}`);
      await below.delete(key);
    },
  };
  return {
    storage,
    hold(which: (what: string) => boolean) {
      holds = which;
    },
    /** Waits until something is held. */
    reached: (what: RegExp) => until(() => held.some((one) => what.test(one.what))),
    /** Holds nothing more, and lets go of what is held, or only of that. */
    release(which = /./) {
      holds = null;
      const going = held.filter(({ what }) => which.test(what));
      for (const one of going) {
        held.splice(held.indexOf(one), 1);
        one.go();
      }
    },
  };
}
