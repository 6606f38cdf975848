import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** The input whose decision ran when its process ended, or the decision that had left the code behind. */
interface SlotInput {
  readonly seq: number
  readonly storedMs: number
}

interface BlamedInput extends SlotInput {
  readonly isSuspect: boolean
}

/** What the file of a process says about the decision that it was making when it ended. */
export interface SlotContent extends SlotInput {
  /** The decision had returned. */
  readonly isLeftBehind: boolean
  /** A shorter limit applied to it. */
  readonly wasSuspect: boolean
  /** What the process did, as far as something could still write it. */
  readonly what: string | undefined
}

/** The INBOX sequence of the decision under way and when INBOX stored the input, as two doubles; zeros between decisions. */
const SLOT_BYTES = 16
/** Flags, which the watchdog writes, and what the process did. */
const NOTE_BYTES_MAX = 512
const LEFT_BEHIND = 1
const SUSPECT = 2
const EMPTY_NOTE = Buffer.alloc(NOTE_BYTES_MAX)

const numbers = new Float64Array(2)
const bytes = Buffer.from(numbers.buffer)
const nothing = Buffer.alloc(SLOT_BYTES)

/** Creates the file of a slot; its bytes exist from then on, so that a full disk does not matter to later writes. */
export function createSlotFile(path: string): void {
  const file = openSync(path, 'w', 0o600)
  writeSync(file, Buffer.alloc(SLOT_BYTES + NOTE_BYTES_MAX), 0)
  closeSync(file)
}

/** Opens the file for the thread that writes it. */
export const openSlotFile = (path: string): number => openSync(path, 'r+')

/** Survives the end of the process, not a power failure: the kernel has the bytes, the disk may not. */
export function writeSlot(file: number, seq: number, storedMs: number): void {
  numbers[0] = seq
  numbers[1] = storedMs
  write(file, bytes, 0)
}

export const clearSlot = (file: number): void => write(file, nothing, 0)

/** Clears the slot of a thread that has ended, or whose code is no decision's. */
export function clearSlotFile(path: string): void {
  withFile(path, (file) => {
    clearSlot(file)
    write(file, EMPTY_NOTE, SLOT_BYTES)
  })
}

/** Blames code that a decision left behind, in place of the thread that it blocks. */
export function blameInSlotFile(path: string, { seq, storedMs, isSuspect }: BlamedInput): void {
  withFile(path, (file) => {
    writeSlot(file, seq, storedMs)
    write(file, noteOf({ isLeftBehind: true, isSuspect }, ''), SLOT_BYTES)
  })
}

/** Adds what the process did to the slot, shortly before it ends. */
export const writeWhat = (path: string, flags: Flags, what: string): void =>
  withFile(path, (file) => write(file, noteOf(flags, what), SLOT_BYTES))

function withFile(path: string, work: (file: number) => void): void {
  const file = openSlotFile(path)
  work(file)
  closeSync(file)
}

interface Flags {
  readonly isLeftBehind: boolean
  readonly isSuspect: boolean
}

function noteOf({ isLeftBehind, isSuspect }: Flags, what: string): Buffer {
  const note = Buffer.from(EMPTY_NOTE)
  note[0] = (isLeftBehind ? LEFT_BEHIND : 0) | (isSuspect ? SUSPECT : 0)
  note.write(what, 1)
  return note
}

/** `undefined` if no decision was under way. */
export function readSlotFile(path: string): SlotContent | undefined {
  const content = readFileSync(path)
  if (content.length < SLOT_BYTES) return undefined
  const [seq, storedMs] = [content.readDoubleLE(0), content.readDoubleLE(8)]
  const note = content.subarray(SLOT_BYTES)
  const what = note.subarray(1).toString('utf8').replaceAll('\0', '').trim()
  const flags = note[0] ?? 0
  const [isLeftBehind, wasSuspect] = [(flags & LEFT_BEHIND) !== 0, (flags & SUSPECT) !== 0]
  return seq === 0 ? undefined : { seq, storedMs, isLeftBehind, wasSuspect, what: what === '' ? undefined : what }
}

/** A disk that refuses the write must not stop a decision: the slot only helps after a crash. */
function write(file: number, data: Uint8Array, position: number): void {
  try {
    writeSync(file, data, 0, data.length, position)
  } catch {
    // Without the slot, the next start does not know of this decision.
  }
}
