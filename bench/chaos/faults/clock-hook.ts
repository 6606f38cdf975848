/**
 * Moves the clock of this process and its threads. Usage: `node --import <this file>?<ms>`. `performance.now()` and timers stay as they
 * are: they do not depend on the time of day.
 */
const errorMs = Number(new URL(import.meta.url).search.slice(1))
const RealDate = Date
const now = (): number => RealDate.now() + errorMs

globalThis.Date = new Proxy(RealDate, {
  construct(target, given, newTarget): object {
    const made: unknown = Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget)
    return made as Date
  },
  get: (target, key): unknown => (key === 'now' ? now : Reflect.get(target, key)),
})
