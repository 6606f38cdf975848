/** Outside influences that a machine could observe, and must not. */
export interface Conditions {
  /** The time that `Date` returns, in milliseconds since 1970. */
  readonly nowMs: number
  /** The first random number, 0 to below 1; it also seeds those after it. */
  readonly chance: number
}

/**
 * Runs synchronous work with a fixed clock and fixed randomness. Replaces `Date`, `performance.now`, `Math.random`, `crypto.randomUUID` and
 * `crypto.getRandomValues` for the whole process meanwhile; always restores them.
 */
export function under<T>({ nowMs, chance }: Conditions, work: () => T): T {
  const random = chanceFrom(chance)
  const undo = [
    replace(globalThis, 'Date', clockAt(nowMs)),
    replace(performance, 'now', () => nowMs),
    replace(Math, 'random', random),
    replace(crypto, 'randomUUID', () => uuidOf(random)),
    replace(crypto, 'getRandomValues', <A extends ArrayBufferView | null>(array: A): A => {
      if (array !== null) for (const [index] of bytesOf(array).entries()) bytesOf(array)[index] = Math.floor(random() * 256)
      return array
    }),
  ]
  try {
    return work()
  } finally {
    for (const putBack of undo) putBack()
  }
}

function replace<Owner extends object, Name extends keyof Owner>(owner: Owner, name: Name, value: Owner[Name]): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, name)
  Object.defineProperty(owner, name, { value, configurable: true, writable: true })
  return () => {
    if (own === undefined) Reflect.deleteProperty(owner, name)
    else Object.defineProperty(owner, name, own)
  }
}

/** `Date` with a fixed present; dates from given times are unchanged. */
const clockAt = (nowMs: number): DateConstructor =>
  new Proxy(Date, {
    construct: (target, given: unknown[], newTarget: new () => object) =>
      Reflect.construct(target, given.length === 0 ? [nowMs] : given, newTarget) as object,
    apply: (target) => new target(nowMs).toString(),
    get: (target, name, receiver) => (name === 'now' ? () => nowMs : (Reflect.get(target, name, receiver) as unknown)),
  })

/** The first number is as given, which decides any guard that draws once; mulberry32 (T. Ettinger) generates the rest. */
function chanceFrom(first: number): () => number {
  let state = Math.floor(first * 2 ** 32) | 0
  let isFirst = true
  return () => {
    if (isFirst) {
      isFirst = false
      return first
    }
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

function uuidOf(random: () => number): ReturnType<typeof crypto.randomUUID> {
  const hex = (digits: number): string => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`
}
