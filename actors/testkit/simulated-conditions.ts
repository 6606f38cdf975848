/** What a machine could see of the world beside its input, and must not. */
export interface Conditions {
  /** What `Date` calls now, in milliseconds since 1970. */
  readonly nowMs: number
  /** Where chance begins: the first number, 0 to below 1; those after it follow from it. */
  readonly chance: number
}

/**
 * Runs synchronous work under a clock and a chance of its own: `Date`, `performance.now`, `Math.random`, `crypto.randomUUID` and
 * `crypto.getRandomValues` are replaced meanwhile, for the whole process, and put back whatever happens.
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

/** `Date` with another now; what is made of given times is as ever. */
const clockAt = (nowMs: number): DateConstructor => new Proxy(Date, {
  construct: (target, given: unknown[], newTarget: new () => object) =>
    Reflect.construct(target, given.length === 0 ? [nowMs] : given, newTarget) as object,
  apply: (target) => new target(nowMs).toString(),
  get: (target, name, receiver) => (name === 'now' ? () => nowMs : Reflect.get(target, name, receiver) as unknown),
})

/** The first number is as given, which decides any guard that asks chance once; mulberry32 (T. Ettinger) gives the rest. */
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
