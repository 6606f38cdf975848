import type { DecisionCode } from './kind-code.ts'
import { clearSlot, writeSlot } from './slot-file.ts'

/** What a thread shows of its work, as another thread reads it. */
export interface SlotReading {
  /** Grows by one when a call starts, and when it ends. */
  readonly count: number
  /** Grows with each heartbeat of the thread's event loop. */
  readonly beats: number
  /** The decision that runs; `undefined` between decisions. */
  readonly call: DecisionCode | undefined
  /** The newest decision of the present turn of the event loop: what it left behind may run at the turn's end. */
  readonly recent: DecisionCode | undefined
}

/** The thread's side of its slot. One call costs about 0.6 µs, most of it the write to the file. */
export interface CallSlot {
  /** Call before the code of a kind runs. It never runs twice at the same time in one thread. */
  enter(decision: DecisionCode): void
  /** The file names the decision until the end of the event loop's turn: its microtasks may still end the process. */
  leave(): void
  /** Shows that the event loop turns. */
  beat(): void
}

/** How often a watched thread shows that its event loop turns. */
const HEARTBEAT_MS = 100

const COUNT = 0
const BEATS = 1
const SUBJECT_BYTES = 2
const IS_SUSPECT = 3
/** Zero once the turn of the newest call has ended. */
const IS_RECENT = 4
/** Offsets in bytes: the counters above, two numbers, the subject. */
const SEQ_AT = 24
const SUBJECT_AT = 40
/** Longer than any subject: its tokens have at most 128 characters each. */
const BYTES = 1024

/** Memory that a thread shares with the watchdog outside it. */
export const createSlotMemory = (): SharedArrayBuffer => new SharedArrayBuffer(BYTES)

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** @param file descriptor of a slot file, which outlives the process; absent where the next start need not know */
export function createCallSlot(memory: SharedArrayBuffer, file?: number): CallSlot {
  const counters = new Int32Array(memory)
  const seqs = new Float64Array(memory, SEQ_AT, 2)
  const subjects = new Uint8Array(memory, SUBJECT_AT)
  // A thread that ended in the middle of a call has left an odd count.
  if (counters[COUNT] !== undefined && counters[COUNT] % 2 !== 0) Atomics.add(counters, COUNT, 1)
  let isClearing = false
  const forget = (): void => {
    isClearing = false
    counters[IS_RECENT] = 0
    if (file !== undefined) clearSlot(file)
  }
  return {
    enter({ seq, storedMs, subject, isSuspect }) {
      seqs[0] = seq
      seqs[1] = storedMs
      counters[SUBJECT_BYTES] = encoder.encodeInto(subject, subjects).written
      counters[IS_SUSPECT] = isSuspect ? 1 : 0
      counters[IS_RECENT] = 1
      Atomics.add(counters, COUNT, 1)
      if (file !== undefined) writeSlot(file, seq, storedMs)
    },
    leave() {
      Atomics.add(counters, COUNT, 1)
      // Once for all decisions of a turn, not once for each: clearing costs as much as writing.
      if (isClearing) return
      isClearing = true
      setImmediate(forget)
    },
    beat: () => void Atomics.add(counters, BEATS, 1),
  }
}

/** Shows now, and then from a timer, that the event loop of this thread turns. */
export function keepBeating({ beat }: CallSlot): NodeJS.Timeout {
  // Without a beat the watchdog takes the thread for one that has not started: code that blocks it before the timer would hold it for ever.
  beat()
  return setInterval(beat, HEARTBEAT_MS)
}

/** A slot for code that nothing watches. */
export const unwatchedSlot = (): CallSlot => createCallSlot(createSlotMemory())

/** Reads the slot of another thread, whatever that thread is doing. */
export function readSlot(memory: SharedArrayBuffer): SlotReading {
  const counters = new Int32Array(memory)
  const beats = Atomics.load(counters, BEATS)
  for (;;) {
    const count = Atomics.load(counters, COUNT)
    const isUnderWay = count % 2 !== 0
    if (!isUnderWay && counters[IS_RECENT] === 0) return { count, beats, call: undefined, recent: undefined }
    const [seq = 0, storedMs = 0] = new Float64Array(memory, SEQ_AT, 2)
    // TextDecoder refuses shared memory.
    const subject = decoder.decode(new Uint8Array(memory, SUBJECT_AT, Math.min(counters[SUBJECT_BYTES] ?? 0, BYTES - SUBJECT_AT)).slice())
    const recent = { seq, storedMs, subject, isSuspect: counters[IS_SUSPECT] === 1 }
    if (Atomics.load(counters, COUNT) === count) return { count, beats, call: isUnderWay ? recent : undefined, recent }
  }
}
