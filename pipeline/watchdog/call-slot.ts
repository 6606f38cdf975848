import { clearSlot, writeSlot } from './slot-file.ts'

/** A decision that a thread is making: the part of a host's work that runs the code of a kind. */
export interface KindCall {
  /** INBOX sequence of the input. */
  readonly seq: number
  /** When INBOX stored it, milliseconds since 1970: tells the input from another of the same sequence. */
  readonly storedMs: number
  /** The subject of the actor's records. */
  readonly subject: string
}

/** What a thread shows of its work, as another thread reads it. */
export interface SlotReading {
  /** Grows by one when a call starts, and when it ends. */
  readonly count: number
  /** Grows with each heartbeat of the thread's event loop. */
  readonly beats: number
  /** The call that runs; `undefined` between calls. */
  readonly call: KindCall | undefined
}

/** The thread's side of its slot. One call costs about 0.6 µs, most of it the write to the file. */
export interface CallSlot {
  /** Call before the code of a kind runs. It never runs twice at the same time in one thread. */
  enter(seq: number, storedMs: number, subject: string): void
  leave(): void
  /** Makes the file forget the call at once; without it the file forgets at the end of the event loop's turn. */
  forget(): void
  /** Call from a timer: shows that the event loop turns. */
  beat(): void
}

const COUNT = 0
const BEATS = 1
const SUBJECT_BYTES = 2
/** Offsets in bytes: the counters above, two numbers, the subject. */
const SEQ_AT = 16
const SUBJECT_AT = 32
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
    if (file !== undefined) clearSlot(file)
  }
  return {
    enter(seq, storedMs, subject) {
      seqs[0] = seq
      seqs[1] = storedMs
      counters[SUBJECT_BYTES] = encoder.encodeInto(subject, subjects).written
      Atomics.add(counters, COUNT, 1)
      if (file !== undefined) writeSlot(file, seq, storedMs)
    },
    leave() {
      Atomics.add(counters, COUNT, 1)
      // Once for all decisions of a turn, not once for each: clearing costs as much as writing.
      if (isClearing || file === undefined) return
      isClearing = true
      setImmediate(forget)
    },
    forget,
    beat: () => void Atomics.add(counters, BEATS, 1),
  }
}

/** A slot for code that nothing watches. */
export const unwatchedSlot = (): CallSlot => createCallSlot(createSlotMemory())

/** Reads the slot of another thread, whatever that thread is doing. */
export function readSlot(memory: SharedArrayBuffer): SlotReading {
  const counters = new Int32Array(memory)
  const beats = Atomics.load(counters, BEATS)
  for (;;) {
    const count = Atomics.load(counters, COUNT)
    if (count % 2 === 0) return { count, beats, call: undefined }
    const [seq = 0, storedMs = 0] = new Float64Array(memory, SEQ_AT, 2)
    // TextDecoder refuses shared memory.
    const subject = decoder.decode(new Uint8Array(memory, SUBJECT_AT, Math.min(counters[SUBJECT_BYTES] ?? 0, BYTES - SUBJECT_AT)).slice())
    if (Atomics.load(counters, COUNT) === count) return { count, beats, call: { seq, storedMs, subject } }
  }
}
