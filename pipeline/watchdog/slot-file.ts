import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** What the file of a process says about the decision that it was making when it ended. */
export interface SlotContent {
  readonly seq: number
  readonly storedMs: number
  /** What the process did, as far as something could still write it. */
  readonly what: string | undefined
}

/** The INBOX sequence of the decision under way and when INBOX stored the input, as two doubles; zeros between decisions. */
const SLOT_BYTES = 16
const WHAT_BYTES_MAX = 512

const numbers = new Float64Array(2)
const bytes = Buffer.from(numbers.buffer)
const nothing = Buffer.alloc(SLOT_BYTES)

/** Creates the file of a slot; its bytes exist from then on, so that a full disk does not matter to later writes. */
export function createSlotFile(path: string): void {
  const file = openSync(path, 'w', 0o600)
  writeSync(file, Buffer.alloc(SLOT_BYTES + WHAT_BYTES_MAX), 0)
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

/** Clears the slot of a thread that has ended. */
export function clearSlotFile(path: string): void {
  const file = openSlotFile(path)
  clearSlot(file)
  closeSync(file)
}

/** Adds what the process did to the slot, shortly before it ends. */
export function writeWhat(path: string, what: string): void {
  const file = openSlotFile(path)
  const text = Buffer.alloc(WHAT_BYTES_MAX)
  text.write(what)
  write(file, text, SLOT_BYTES)
  closeSync(file)
}

/** `undefined` if no decision was under way. */
export function readSlotFile(path: string): SlotContent | undefined {
  const content = readFileSync(path)
  if (content.length < SLOT_BYTES) return undefined
  const [seq, storedMs] = [content.readDoubleLE(0), content.readDoubleLE(8)]
  const what = content.subarray(SLOT_BYTES).toString('utf8').replaceAll('\0', '').trim()
  return seq === 0 ? undefined : { seq, storedMs, what: what === '' ? undefined : what }
}

/** A disk that refuses the write must not stop a decision: the slot only helps after a crash. */
function write(file: number, data: Uint8Array, position: number): void {
  try {
    writeSync(file, data, 0, data.length, position)
  } catch {
    // Without the slot, the next start does not know of this decision.
  }
}
